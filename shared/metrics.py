"""Every metric of the fleet, declared once; dashboards and alerts are checked against this file.

A process makes one Metrics at start and passes it down. No query id and no user in a label.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

#: Seconds; from a decision's maths to an LLM's long answer.
SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The declared metrics on a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"pointsman_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"pointsman_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, *labels: str) -> Histogram:
            return Histogram(f"pointsman_{name}", text, labels, registry=registry, buckets=SECONDS)

        # The seam
        self.records = counter("records", "Records finished", "topic")
        self.dead_letters = counter("dead_letters", "Records dead-lettered", "topic")
        self.left_out = counter("left_out_records", "Unreadable records of topics without dead letters", "topic")
        self.cut_off = counter("cut_off_records", "Records a drain did not wait for, and left to be repeated", "topic")
        self.retries = counter("retries", "Transient failures waited out, by the topic or lane that waits", "topic")
        self.lane_restarts = counter("lane_restarts", "Lanes closed and rebuilt", "lane")
        self.lag = gauge("lag_records", "Records appended and not finished, in the partitions read here", "topic")
        self.handle_seconds = histogram("handle_seconds", "Handling a batch or a record", "lane")
        self.clock_offset = gauge("clock_offset_seconds", "Broker clock minus this process's")
        self.progress = gauge("progress_age_seconds", "Since a lane with lag last finished a record", "lane")
        # Embedder
        self.embedded_tokens = counter("embedded_tokens", "Tokens through the encoder, cut, without padding")
        self.padded_tokens = counter("padded_tokens", "Tokens through the encoder, padding included")
        self.encoder_info = gauge("encoder_info", "1 for the encoder that embeds", "version")
        # Embedder, decision and executor
        self.refused = counter("refused_queries", "Queries refused, by the response's error kind", "kind")
        # Embedder and predictor
        self.refused_models = counter("refused_models", "Promoted model files refused: sha256, card or shapes", "kind")
        # Predictor
        self.skipped_embeddings = counter("skipped_embeddings", "Embeddings older than 600 s", "llm")
        self.prior_predictions = counter("prior_predictions", "Predictions served from the registry prior", "llm")
        self.head_info = gauge("head_info", "1 for each head that is loaded", "llm", "version")
        # Decision
        self.decisions = counter("decisions", "Decisions taken, by the LLM they chose", "llm")
        self.failed = counter("failed_queries", "Queries ended without an answer, by the response's error kind", "kind")
        self.late_predictions = counter("late_predictions", "Predictions not there at the decision", "llm")
        self.decide_seconds = histogram("decide_seconds", "The decision's own arithmetic")
        self.wait_forecast = gauge("outstanding_seconds", "Predicted seconds of work before an LLM", "llm")
        self.undecided = gauge("undecided_queries", "Queries waiting for predictions")
        # Executor
        self.attempts = counter(
            "attempts", "Attempts that ended: answered, discarded, or the error kind", "llm", "outcome"
        )
        self.duplicate_calls = counter("duplicate_calls", "Calls whose answer a lost claim made useless", "llm")
        self.unclaimed_calls = counter("unclaimed_calls", "Calls made without a claim (best effort)", "llm")
        self.claim_waits = counter("claim_waits", "Looks at a claim that another process holds", "llm")
        self.in_flight = gauge("in_flight_calls", "Calls in flight", "llm")
        self.call_seconds = histogram("call_seconds", "A call from start to end", "llm")
        self.first_token_seconds = histogram("first_token_seconds", "A call from start to its first token", "llm")
        self.answer_seconds = histogram("answer_seconds", "From a query's append to its answer")
        self.stage_seconds = histogram("stage_seconds", "A stage on an answered query's way", "stage")
        self.cost = counter("cost_usd", "Paid, by reported usage and list price", "llm")
        self.llm_closed = gauge("llm_closed", "1 while no call is expected to succeed", "llm", "reason")
        # Trainer
        self.recorded = counter("recorded_rows", "Rows made durable", "table")
        self.waiting_feedback = gauge("waiting_feedback_rows", "Feedback kept for a query not seen yet")
        self.fits = counter("fits", "Heads fitted from feedback: live, rejected, refused or failed", "llm", "outcome")
        self.fit_seconds = histogram("fit_seconds", "Fitting one head", "llm")
        self.news = gauge("unlearned_feedback_rows", "Queries with feedback since the last fit", "llm")
        self.left_out_rows = gauge("left_out_feedback_rows", "Such queries that another encoder embedded", "llm")
        self.recorder_lag = gauge(
            "recorder_lag_records", "Records the whole group has not recorded yet, by the broker", "topic"
        )

    def expect(self, topics: Iterable[str]) -> None:
        """Begin at 0, as rates do not see a counter's first value."""
        for topic in topics:
            self.records.labels(topic)
            self.dead_letters.labels(topic)

    def expect_llm(self, llm: str) -> None:
        """Begin at 0, as rates do not see a counter's first value."""
        for counter in (self.duplicate_calls, self.unclaimed_calls, self.cost):
            counter.labels(llm)
