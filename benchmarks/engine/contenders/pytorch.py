"""One PyTorch contender: trains a model one step for each empty line it reads, and answers each with a line of JSON.
A line of other options makes it another contender.

usage: python pytorch.py '{"case": {...}, "form": "dense", "mode": "nchw", "threads": 2, "device": "cpu", ...}'
Modes: nchw (eager, the layout PyTorch has by default), channels_last (eager), compile (channels_last, torch.compile).
"""

import gc
import json
import resource
import sys
import time

answers = sys.stdout
# Whatever a library prints must not end up between the answers.
sys.stdout = sys.stderr


def answer(**fields):
    answers.write(json.dumps(fields) + "\n")
    answers.flush()


try:
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
except ImportError as error:
    answer(absent=f"this Python has no torch ({error})")
    sys.exit(0)


class TopShare(torch.autograd.Function):
    """The largest |scores| as ones, the rest as zeros; the gradient passes straight through (Ramanujan et al. 2020)."""

    @staticmethod
    def forward(ctx, scores, keep):
        _, order = scores.flatten().sort()
        cut = int((1 - keep) * scores.numel())
        mask = torch.empty_like(scores)
        flat = mask.flatten()
        flat[order[:cut]] = 0
        flat[order[cut:]] = 1
        return flat.view_as(scores)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def masked(base):
    class Masked(base):
        keep = 0.5

        def mask(self):
            self.weight.requires_grad_(False)
            self.scores = nn.Parameter(torch.empty_like(self.weight).uniform_(-0.1, 0.1))

        def forward(self, x):
            weight = self.weight * TopShare.apply(self.scores.abs(), self.keep)
            if isinstance(self, nn.Linear):
                return F.linear(x, weight, self.bias)
            return self._conv_forward(x, weight, self.bias)

    return Masked


MaskedConv2d, MaskedLinear = masked(nn.Conv2d), masked(nn.Linear)


class Residual(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


def conv_mixer(conv, linear, dim, depth, kernel, patch, **_):
    def after(layer):
        return nn.Sequential(layer, nn.GELU(), nn.BatchNorm2d(dim))

    blocks = [
        nn.Sequential(
            Residual(after(conv(dim, dim, kernel, groups=dim, padding="same", bias=False))),
            after(conv(dim, dim, 1, bias=False)),
        )
        for _ in range(depth)
    ]
    stem = after(conv(3, dim, patch, stride=patch, bias=False))
    return nn.Sequential(stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear(dim, 10))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions; the shortcut samples pixels and pads channels (option A of He et al. 2016)."""

    def __init__(self, conv, before, after, stride):
        super().__init__()
        self.conv1 = conv(before, after, 3, stride=stride, padding=1, bias=False)
        self.conv2 = conv(after, after, 3, padding=1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(after), nn.BatchNorm2d(after)
        self.stride, self.extra = stride, after - before

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        if self.extra:
            x = x[:, :, :: self.stride, :: self.stride]
            x = F.pad(x, (0, 0, 0, 0, self.extra // 2, self.extra - self.extra // 2))
        return F.relu(x + y)


def resnet(conv, linear, depth, **_):
    layers = [conv(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for stage, after in enumerate((16, 32, 64)):
        for block in range((depth - 2) // 6):
            layers.append(BasicBlock(conv, before, after, 2 if stage > 0 and block == 0 else 1))
            before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear(64, 10))


class Attention(nn.Module):
    def __init__(self, linear, dim, heads):
        super().__init__()
        self.qkv, self.out, self.heads = linear(dim, 3 * dim), linear(dim, dim), heads

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, d))


class Vit(nn.Module):
    def __init__(self, conv, linear, dim, depth, heads, patch):
        super().__init__()
        tokens = (32 // patch) ** 2
        self.patch = conv(3, dim, patch, stride=patch)
        self.token = nn.Parameter(torch.randn(1, 1, dim) * 0.02)
        self.position = nn.Parameter(torch.randn(1, tokens + 1, dim) * 0.02)

        def perceptron():
            return nn.Sequential(linear(dim, 4 * dim), nn.GELU(), linear(4 * dim, dim))

        self.blocks = nn.Sequential(*[
            nn.Sequential(
                Residual(nn.Sequential(nn.LayerNorm(dim, 1e-6), Attention(linear, dim, heads))),
                Residual(nn.Sequential(nn.LayerNorm(dim, 1e-6), perceptron())),
            )
            for _ in range(depth)
        ])
        self.norm, self.head = nn.LayerNorm(dim, 1e-6), linear(dim, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.position
        return self.head(self.norm(self.blocks(x))[:, 0])


def vit(conv, linear, dim, depth, heads, patch, **_):
    return Vit(conv, linear, dim, depth, heads, patch)


def contender(case, form, mode, threads, device, keep, learningRate, precision="float32"):
    torch.set_num_threads(threads)
    for part in (torch.backends.cuda.matmul, torch.backends.cudnn):
        part.allow_tf32 = precision != "float32"
    half = torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bfloat16")
    torch.manual_seed(0)
    layers = (MaskedConv2d, MaskedLinear) if form == "masked" else (nn.Conv2d, nn.Linear)
    case = dict(case)
    build = {"convmixer": conv_mixer, "resnet": resnet, "vit": vit}[case.pop("kind")]
    batch = case.pop("batch")
    model = build(*layers, **case)
    for module in model.modules():
        if isinstance(module, layers) and form == "masked":
            module.keep = keep
            module.mask()
    x, labels = torch.randn(batch, 3, 32, 32), torch.arange(batch) % 10
    if mode != "nchw":
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    model, x, labels = model.to(device).train(), x.to(device), labels.to(device)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=learningRate)
    forward = torch.compile(model) if mode == "compile" else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        with half:
            loss = F.cross_entropy(forward(x), labels)
        loss.backward()
        optimizer.step()
        asked = time.perf_counter()
        return loss.item(), asked

    return step, sum(p.numel() for p in trained)


def profiled(step):
    """Runs a step and says what each of PyTorch's ops took by itself, without those it calls."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        taken = step()
    averages = profile.key_averages()
    return taken, [
        {"name": one.key, "count": one.count, "ms": one.self_cpu_time_total / 1e3} for one in averages
    ]


def begin(options):
    """Builds the model and trains one step; answers what runs, or why nothing does."""
    profile = options.pop("profile", False)
    if options["device"] != "cpu" and not torch.cuda.is_available():
        return answer(absent="torch finds no GPU")
    try:
        step, trained = contender(**options)
        step()
    except Exception as error:  # whatever keeps this contender from running makes it absent, not the run
        return answer(absent=f"{type(error).__name__}: {str(error).splitlines()[0]}")
    answer(ready=f"torch {torch.__version__}", trained=trained)
    return (lambda: profiled(step)) if profile else (lambda: (step(), None))


first = json.loads(sys.argv[1])
collect_every = first.pop("collectEvery", 0)
step = begin(first)
steps = 0
for line in sys.stdin:
    if line.strip():
        # Other options: another contender in the same process.
        step = None
        step = begin(json.loads(line))
        continue
    start = time.perf_counter()
    (loss, asked), calls = step()
    took = (time.perf_counter() - start) * 1e3
    steps += 1
    if collect_every and steps % collect_every == 0:
        gc.collect()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer(ms=took, askedMs=(asked - start) * 1e3, loss=loss, peakMb=peak, calls=calls)
