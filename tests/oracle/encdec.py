"""The paper's network out of PyTorch's own modules, with the released code's parameter names: what ours is held against."""
import torch
from torch import nn


class EncDec(nn.Module):
    """Projector, encoder, query tokens, decoder, heads; `cls` and `reg` are the targets' names.

    Defaults are the paper's sizes. Initial values are PyTorch's, tokens uniform in [0, 1) as in the released code.
    """

    def __init__(self, d_in, d=384, heads=6, ff=768, encoder_layers=2, decoder_layers=2, cls="cls", reg="reg",
                 dropout=0.1):
        super().__init__()
        options = {"dropout": dropout, "batch_first": True}
        self.projector = nn.Sequential(nn.Linear(d_in, d), nn.ReLU())
        self.transformer_encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(d, heads, ff, **options), encoder_layers, enable_nested_tensor=False)
        self.class_tokens = nn.ParameterDict({cls: torch.rand(d), reg: torch.rand(d)})
        self.transformer_decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(d, heads, ff, **options), decoder_layers)
        self.head_class = nn.ModuleDict({cls: nn.Linear(d, 2)})
        self.head_regr = nn.ModuleDict({reg: nn.Linear(d, 1)})
        self.names = (cls, reg)

    def forward(self, bag, joint=True):
        """`bag` [N, d_in], or [B, N, d_in]. Decoded tokens [B, T, d], logits [B, 2], regression [B, 1] or None."""
        bags = bag if bag.dim() == 3 else bag[None]
        memory = self.transformer_encoder(self.projector(bags))
        names = self.names if joint else self.names[:1]
        tokens = torch.stack([self.class_tokens[n] for n in names])
        z = self.transformer_decoder(tokens.expand(len(bags), -1, -1), memory)
        logits = self.head_class[self.names[0]](z[:, 0])
        return z, logits, self.head_regr[self.names[1]](z[:, 1]) if joint else None

    def own(self):
        """Names of parameters that are not shared between the tasks."""
        return [n for n, _ in self.named_parameters() if n.startswith(("class_tokens.", "head_"))]
