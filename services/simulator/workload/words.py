"""Words that the topics about text are made of."""

_TEXT = (
    "amber anchor apple autumn banana barrel basket beacon blossom breeze butter candle canyon carpet cedar cellar "
    "circle copper cotton cricket curtain desert dragon eagle ember engine feather forest garden ginger glacier "
    "hammer harbor hollow island jacket jungle kettle ladder lantern lemon letter marble meadow mirror mountain "
    "needle ocean orchard paper pebble pepper pillow planet pocket puzzle quarry rabbit ribbon river saddle silver "
    "spider spring summer temple thunder timber tunnel valley velvet village walnut whisper willow window winter"
)
WORDS = tuple(_TEXT.split())
