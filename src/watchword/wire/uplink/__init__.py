"""The constant-shape link between a site and a station, sans-IO: one `Link` for each end.

`cell` what is carried · `acks` what was committed · `frame` 512 bytes · `outbound` what
waits, and its order · `link` the two directions joined. Adapters own sockets and ticks.
"""

from watchword.wire.uplink.acks import Ack, AckBook, Stream
from watchword.wire.uplink.cell import BODY_BYTES, CELL_BYTES, Cell, CellId
from watchword.wire.uplink.frame import FRAME_BYTES, NO_CHAIN, Chain, Direction, Frame, Shape
from watchword.wire.uplink.link import FAST_FRAMES, FAST_S, Link, Received
from watchword.wire.uplink.outbound import OUTBOX_MAX, RESEND_AFTER_S, Outbound

__all__ = [
    "BODY_BYTES",
    "CELL_BYTES",
    "FAST_FRAMES",
    "FAST_S",
    "FRAME_BYTES",
    "NO_CHAIN",
    "OUTBOX_MAX",
    "RESEND_AFTER_S",
    "Ack",
    "AckBook",
    "Cell",
    "CellId",
    "Chain",
    "Direction",
    "Frame",
    "Link",
    "Outbound",
    "Received",
    "Shape",
    "Stream",
]
