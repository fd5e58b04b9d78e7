"""What TensorFlow 2 has no more of ``tf.contrib.rnn``.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

from types import SimpleNamespace

from migrator.bridge.contrib_rnn_cells import (
    GRUBlockCell,
    GRUBlockCellV2,
    LayerNormBasicLSTMCell,
    LSTMBlockCell,
    LSTMBlockFusedCell,
    NASCell,
)
from migrator.bridge.contrib_rnn_wrappers import (
    AttentionCellWrapper,
    EmbeddingWrapper,
    FusedRNNCellAdaptor,
    HighwayWrapper,
    InputProjectionWrapper,
    OutputProjectionWrapper,
    TimeReversedFusedRNN,
    stack_bidirectional_dynamic_rnn,
    stack_bidirectional_rnn,
)

__all__ = ["contrib_rnn"]

#: What ``tf.contrib.rnn`` has under these names.
contrib_rnn = SimpleNamespace(
    AttentionCellWrapper=AttentionCellWrapper,
    EmbeddingWrapper=EmbeddingWrapper,
    FusedRNNCellAdaptor=FusedRNNCellAdaptor,
    GRUBlockCell=GRUBlockCell,
    GRUBlockCellV2=GRUBlockCellV2,
    HighwayWrapper=HighwayWrapper,
    InputProjectionWrapper=InputProjectionWrapper,
    LSTMBlockCell=LSTMBlockCell,
    LSTMBlockFusedCell=LSTMBlockFusedCell,
    LayerNormBasicLSTMCell=LayerNormBasicLSTMCell,
    NASCell=NASCell,
    OutputProjectionWrapper=OutputProjectionWrapper,
    TimeReversedFusedRNN=TimeReversedFusedRNN,
    stack_bidirectional_dynamic_rnn=stack_bidirectional_dynamic_rnn,
    stack_bidirectional_rnn=stack_bidirectional_rnn,
)
