"""What predicts one number of a query: fitted in two steps, and each writes itself into an ONNX graph.

A *ground* is what all LLMs of a run stand on: where trees split, what a network's hidden layer looks at. One LLM's
estimator is *read out* of a ground with that LLM's rows alone. Grounds are shared because routing needs the differences
between LLMs on a query: what they share cannot tell them apart by chance.
"""
