"""``tf.contrib.seq2seq``: decoders, helpers and attention as TensorFlow 1 had them.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

from types import SimpleNamespace

from migrator.bridge.contrib_seq2seq_attention import (
    AttentionMechanism,
    BahdanauAttention,
    BahdanauMonotonicAttention,
    LuongAttention,
    LuongMonotonicAttention,
    hardmax,
    monotonic_attention,
    safe_cumprod,
)
from migrator.bridge.contrib_seq2seq_beam import (
    BeamSearchDecoder,
    BeamSearchDecoderOutput,
    BeamSearchDecoderState,
    FinalBeamSearchDecoderOutput,
    gather_tree,
    tile_batch,
)
from migrator.bridge.contrib_seq2seq_decoder import (
    BasicDecoder,
    BasicDecoderOutput,
    Decoder,
    dynamic_decode,
    sequence_loss,
)
from migrator.bridge.contrib_seq2seq_helpers import (
    CustomHelper,
    GreedyEmbeddingHelper,
    Helper,
    InferenceHelper,
    SampleEmbeddingHelper,
    ScheduledEmbeddingTrainingHelper,
    ScheduledOutputTrainingHelper,
    TrainingHelper,
)
from migrator.bridge.contrib_seq2seq_wrapper import AttentionWrapper, AttentionWrapperState

__all__ = ["seq2seq"]

#: What ``tf.contrib.seq2seq`` has under these names.
seq2seq = SimpleNamespace(
    AttentionMechanism=AttentionMechanism,
    AttentionWrapper=AttentionWrapper,
    AttentionWrapperState=AttentionWrapperState,
    BahdanauAttention=BahdanauAttention,
    BahdanauMonotonicAttention=BahdanauMonotonicAttention,
    BasicDecoder=BasicDecoder,
    BasicDecoderOutput=BasicDecoderOutput,
    BeamSearchDecoder=BeamSearchDecoder,
    BeamSearchDecoderOutput=BeamSearchDecoderOutput,
    BeamSearchDecoderState=BeamSearchDecoderState,
    CustomHelper=CustomHelper,
    Decoder=Decoder,
    FinalBeamSearchDecoderOutput=FinalBeamSearchDecoderOutput,
    GreedyEmbeddingHelper=GreedyEmbeddingHelper,
    Helper=Helper,
    InferenceHelper=InferenceHelper,
    LuongAttention=LuongAttention,
    LuongMonotonicAttention=LuongMonotonicAttention,
    SampleEmbeddingHelper=SampleEmbeddingHelper,
    ScheduledEmbeddingTrainingHelper=ScheduledEmbeddingTrainingHelper,
    ScheduledOutputTrainingHelper=ScheduledOutputTrainingHelper,
    TrainingHelper=TrainingHelper,
    dynamic_decode=dynamic_decode,
    gather_tree=gather_tree,
    hardmax=hardmax,
    monotonic_attention=monotonic_attention,
    safe_cumprod=safe_cumprod,
    sequence_loss=sequence_loss,
    tile_batch=tile_batch,
)
