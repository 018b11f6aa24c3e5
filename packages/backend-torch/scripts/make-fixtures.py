"""Writes test/fixtures/: what float64 PyTorch says of every kernel family, forward and gradient.

usage: python scripts/make-fixtures.py        (torch >= 2.10 and numpy; seconds)

Inputs are float32 numbers, results are computed from them in float64 and stored as float32, which costs 6e-8: so a
float32 engine can be held to 1e-6. Layouts are those of TensorFlow.js (NHWC, HWIO); each case names the op, its
attributes, its inputs, its outputs, and for a gradient dy and what it gives for every input. `cases.jsonl` has one case
a line, `values.bin` the numbers as little-endian float32; a reference is {shape, dtype, offset in numbers}.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
folder = Path(__file__).resolve().parent.parent / "test" / "fixtures"
random = np.random.default_rng(20240117)
cases, values, position = [], [], 0


def store(tensor):
    global position
    dtype = {torch.bool: "bool", torch.int64: "int32"}.get(tensor.dtype, "float32")
    numbers = tensor.detach().to(torch.float64).numpy().astype("<f4")
    reference = {"shape": list(numbers.shape), "dtype": dtype, "offset": position}
    values.append(numbers.tobytes())
    position += numbers.size
    return reference


def rounded(array):
    return torch.tensor(np.asarray(array, dtype=np.float32).astype(np.float64))


def normal(*shape, scale=1.0, shift=0.0):
    return rounded(random.normal(shift, scale, shape))


def uniform(low, high, *shape):
    return rounded(random.uniform(low, high, shape))


def apart(*shape):
    """Distinct numbers at least 0.01 apart, none near zero: nothing that float32 could take for a tie."""
    size = math.prod(shape)
    return rounded((random.permutation(size) - size / 2 + 0.25).reshape(shape) * 0.01)


def integers(low, high, *shape):
    return torch.tensor(random.integers(low, high, shape))


def case(name, op, compute, inputs, attrs=None, grad=True):
    """`grad`: whether to store gradients; they are taken for the float inputs, of the first output."""
    leaves = [x.clone().requires_grad_(grad and x.is_floating_point()) for x in inputs]
    result = compute(*leaves)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    line = {"name": name, "op": op, "attrs": attrs or {}}
    line["inputs"] = [store(x) for x in inputs]
    line["outputs"] = [store(y) for y in outputs]
    if grad:
        dy = normal(*outputs[0].shape)
        wanted = [x for x in leaves if x.requires_grad]
        found = iter(torch.autograd.grad(outputs[0], wanted, dy))
        line["dy"] = store(dy)
        line["gradients"] = [store(next(found)) if x.requires_grad else None for x in leaves]
    cases.append(line)


def nchw(x):
    return x.permute(0, x.dim() - 1, *range(1, x.dim() - 1))


def nhwc(x):
    return x.permute(0, *range(2, x.dim()), 1)


def padding(sizes, kernel, strides, dilations, pad):
    """(before, after) of every spatial axis, as TensorFlow pads."""
    if pad == "valid":
        return [(0, 0) for _ in sizes]
    if isinstance(pad, int):
        return [(pad, pad) for _ in sizes]
    pairs = []
    for size, k, stride, dilation in zip(sizes, kernel, strides, dilations):
        reach = (k - 1) * dilation + 1
        total = max((math.ceil(size / stride) - 1) * stride + reach - size, 0)
        pairs.append((total // 2, total - total // 2))
    return pairs


def padded(x, pairs, value=0.0):
    return F.pad(x, [side for pair in reversed(pairs) for side in pair], value=value)


def convolve(x, w, strides, pad, dilations, groups=1):
    pairs = padding(x.shape[2:], w.shape[2:], strides, dilations, pad)
    function = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}[x.dim()]
    return function(padded(x, pairs), w, stride=strides, dilation=dilations, groups=groups)


def unary():
    plain = {
        "abs": torch.abs, "atan": torch.atan, "asinh": torch.asinh, "cos": torch.cos, "cosh": torch.cosh,
        "sin": torch.sin, "sinh": torch.sinh, "tanh": torch.tanh, "exp": torch.exp, "expm1": torch.expm1,
        "square": torch.square, "neg": torch.neg, "sigmoid": torch.sigmoid, "logSigmoid": F.logsigmoid,
        "softplus": F.softplus, "relu": F.relu, "elu": F.elu, "selu": F.selu, "erf": torch.erf,
    }
    for name, function in plain.items():
        case(name, name, function, [normal(5, 7, scale=1.5)])
    for name in ("ceil", "floor", "round", "sign"):
        case(name, name, getattr(torch, name), [normal(5, 7, scale=2)], grad=False)
    case("round, halves", "round", torch.round, [rounded([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])], grad=False)
    within = {"acos": torch.acos, "asin": torch.asin, "atanh": torch.atanh, "tan": torch.tan}
    for name, function in within.items():
        case(name, name, function, [uniform(-0.9, 0.9, 5, 7)])
    above = {"log": torch.log, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "reciprocal": torch.reciprocal}
    for name, function in above.items():
        case(name, name, function, [uniform(0.2, 3, 5, 7)])
    case("log1p", "log1p", torch.log1p, [uniform(-0.8, 3, 5, 7)])
    case("acosh", "acosh", torch.acosh, [uniform(1.3, 4, 5, 7)])
    case("relu6", "relu6", F.relu6, [normal(5, 7, scale=5)])
    case("leakyRelu", "leakyRelu", lambda x: F.leaky_relu(x, 0.2), [normal(5, 7)], {"alpha": 0.2})
    case("prelu", "prelu", lambda x, a: torch.where(x > 0, x, a * x), [normal(5, 7), normal(5, 7)])
    clip = {"min": -0.5, "max": 0.75}
    case("clipByValue", "clipByValue", lambda x: x.clamp(-0.5, 0.75), [normal(5, 7)], clip)
    case("step", "step", lambda x: torch.where(x > 0, 1.0, 0.25), [normal(5, 7)], {"alpha": 0.25}, grad=False)
    for form in ("none", "tanh"):
        attrs = {"approximate": form == "tanh"}
        case(f"gelu, {form}", "gelu", lambda x: F.gelu(x, approximate=form), [normal(6, 9, scale=2)], attrs)


def binary():
    shapes = {"equal": ((4, 5), (4, 5)), "row": ((4, 5), (5,)), "column": ((4, 1), (4, 5)),
              "scalar": ((), (4, 5)), "both": ((3, 1, 5), (4, 1))}
    plain = {"add": torch.add, "sub": torch.sub, "mul": torch.mul}
    for kind, (a, b) in shapes.items():
        for name, function in plain.items():
            case(f"{name}, {kind}", name, function, [normal(*a), normal(*b)])
        case(f"div, {kind}", "div", torch.div, [normal(*a), uniform(0.5, 2, *b)])
        case(f"pow, {kind}", "pow", torch.pow, [uniform(0.3, 2, *a), normal(*b)])
        # tfjs-core has no gradient of these for operands of different shapes.
        grad = kind == "equal"
        left, right = apart(*a), apart(*b) + 0.005
        case(f"maximum, {kind}", "maximum", torch.maximum, [left, rounded(right)], grad=grad)
        case(f"minimum, {kind}", "minimum", torch.minimum, [left, rounded(right)], grad=grad)
        difference = lambda x, y: (x - y) ** 2
        case(f"squaredDifference, {kind}", "squaredDifference", difference, [normal(*a), normal(*b)], grad=grad)
        case(f"mod, {kind}", "mod", torch.remainder, [normal(*a, scale=5), uniform(1, 2, *b)], grad=False)
        case(f"atan2, {kind}", "atan2", torch.atan2, [normal(*a), uniform(0.3, 2, *b)])
    floor = lambda x, y: torch.div(x, y, rounding_mode="floor")
    case("floorDiv, int32", "floorDiv", floor, [integers(-20, 20, 4, 5), integers(1, 7, 4, 5)], grad=False)
    for name, function in {"greater": torch.gt, "greaterEqual": torch.ge, "less": torch.lt, "lessEqual": torch.le,
                           "equal": torch.eq, "notEqual": torch.ne}.items():
        case(name, name, function, [integers(0, 3, 4, 5), integers(0, 3, 5)], grad=False)
    for name in ("logicalAnd", "logicalOr", "logicalXor"):
        function = getattr(torch, f"logical_{name[7:].lower()}")
        case(name, name, function, [integers(0, 2, 4, 5).bool(), integers(0, 2, 4, 5).bool()], grad=False)
    case("where", "where", torch.where, [integers(0, 2, 4, 5).bool(), normal(4, 5), normal(4, 5)])


def reductions():
    for axes in ([0], [1], [2], [0, 2], [0, 1, 2]):
        for keep in (False, True):
            attrs = {"axis": axes, "keepDims": keep}
            label = f"{axes}{', kept' if keep else ''}"
            x = normal(3, 4, 5)
            case(f"sum {label}", "sum", lambda x: x.sum(axes, keepdim=keep), [x], attrs)
            case(f"mean {label}", "mean", lambda x: x.mean(axes, keepdim=keep), [x], attrs)
            case(f"max {label}", "max", lambda x: x.amax(axes, keepdim=keep), [apart(3, 4, 5)], attrs)
            case(f"min {label}", "min", lambda x: x.amin(axes, keepdim=keep), [apart(3, 4, 5)], attrs)
            case(f"logSumExp {label}", "logSumExp", lambda x: x.logsumexp(axes, keepdim=keep), [x], attrs)
    for axis in (0, 1, 2):
        attrs = {"axis": axis}
        case(f"prod {axis}", "prod", lambda x: x.prod(axis), [uniform(0.5, 1.5, 3, 4, 5)], attrs)
        case(f"argMax {axis}", "argMax", lambda x: x.argmax(axis), [apart(3, 4, 5)], attrs, grad=False)
        case(f"argMin {axis}", "argMin", lambda x: x.argmin(axis), [apart(3, 4, 5)], attrs, grad=False)
        flags = integers(0, 3, 3, 4, 5) > 0
        case(f"all {axis}", "all", lambda x: x.all(axis), [flags], attrs, grad=False)
        case(f"any {axis}", "any", lambda x: x.any(axis), [~flags], attrs, grad=False)
        case(f"euclidean norm {axis}", "norm", lambda x: x.norm(dim=axis), [normal(3, 4, 5)], attrs)
    for axis, exclusive, reverse in ((0, False, False), (1, True, False), (2, False, True), (1, True, True)):
        def scan(x, function=torch.cumsum, start=0.0):
            y = x.flip(axis) if reverse else x
            if exclusive:
                size = y.shape[axis]
                first = torch.full_like(y.narrow(axis, 0, 1), start)
                y = torch.cat([first, y.narrow(axis, 0, size - 1)], axis)
            y = function(y, axis)
            return y.flip(axis) if reverse else y
        attrs = {"axis": axis, "exclusive": exclusive, "reverse": reverse}
        label = f"{axis}{', exclusive' if exclusive else ''}{', reverse' if reverse else ''}"
        # tfjs-core's gradient forgets to turn the axes back, so it is right for the last axis only.
        case(f"cumsum {label}", "cumsum", scan, [normal(3, 4, 5)], attrs, grad=axis == 2)
        product = lambda x: scan(x, torch.cumprod, 1.0)
        case(f"cumprod {label}", "cumprod", product, [uniform(0.5, 1.5, 3, 4, 5)], attrs, grad=False)
    case("topk", "topk", lambda x: tuple(torch.topk(x, 3)), [apart(4, 7)], {"k": 3}, grad=False)
    case("sum of 5,000", "sum", lambda x: x.sum([0]), [normal(5000, shift=1.0)], {"axis": [0], "keepDims": False},
         grad=False)


def products():
    for batch_a, batch_b in (((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((2, 1), (3,))):
        for ta in (False, True):
            for tb in (False, True):
                a = normal(*batch_a, *((6, 4) if ta else (4, 6)))
                b = normal(*batch_b, *((5, 6) if tb else (6, 5)))
                product = lambda a, b: (a.mT if ta else a) @ (b.mT if tb else b)
                case(f"matMul {list(batch_a)}{list(batch_b)}, {ta}, {tb}", "matMul", product, [a, b],
                     {"transposeA": ta, "transposeB": tb}, grad=len(batch_a) == len(batch_b))
    for activation, function in {"linear": lambda x: x, "relu": F.relu, "elu": F.elu, "sigmoid": torch.sigmoid}.items():
        case(f"fused matMul, {activation}", "fusedMatMul", lambda a, b, c: function(a @ b + c),
             [normal(4, 6), normal(6, 5), normal(5)], {"activation": activation}, grad=activation in ("linear", "relu"))
    case("dot", "dot", torch.dot, [normal(9), normal(9)])
    case("einsum", "einsum", lambda a, b: torch.einsum("bij,bkj->bik", a, b), [normal(2, 3, 4), normal(2, 5, 4)],
         {"equation": "bij,bkj->bik"}, grad=False)
    q, k, v = (normal(2, 3, 7, 4) for _ in range(3))
    case("attention", "attention", lambda q, k, v: F.scaled_dot_product_attention(q, k, v), [q, k, v])
    scaled = lambda q, k, v: torch.softmax(0.3 * q @ k.mT, -1) @ v
    case("attention, scale 0.3", "attention", scaled, [q, k, v], {"scale": 0.3})


def convolutions():
    settings = [((1, 1), "same", (1, 1)), ((2, 2), "same", (1, 1)), ((1, 1), "valid", (1, 1)), ((2, 1), "valid", (1, 1)),
                ((1, 1), "same", (2, 2)), ((1, 1), "valid", (2, 1)), ((2, 2), 1, (1, 1))]
    for strides, pad, dilations in settings:
        attrs = {"strides": list(strides), "pad": pad, "dilations": list(dilations)}
        # tfjs-core gives no gradient for dilations.
        grad = dilations == (1, 1)
        # Where padding is a number, tfjs-core infers both sides of the result from the height of the filter.
        sizes = ((7, 6, 3, 3), (8, 7, 4, 4)) if isinstance(pad, int) else ((7, 6, 3, 3), (8, 7, 2, 4))
        for height, width, kh, kw in sizes:
            label = f"{height} x {width} by {kh} x {kw}, stride {list(strides)}, {pad}, dilation {list(dilations)}"
            dense = lambda x, w: nhwc(convolve(nchw(x), w.permute(3, 2, 0, 1), strides, pad, dilations))
            case(f"conv2d {label}", "conv2d", dense, [normal(2, height, width, 3), normal(kh, kw, 3, 4)], attrs, grad)
            if strides[0] != strides[1]:
                continue
            for many in (1, 2):
                def depthwise(x, w):
                    kernel = w.permute(2, 3, 0, 1).reshape(-1, 1, kh, kw)
                    return nhwc(convolve(nchw(x), kernel, strides, pad, dilations, groups=3))
                case(f"depthwise x {many} {label}", "depthwiseConv2d", depthwise,
                     [normal(2, height, width, 3), normal(kh, kw, 3, many)], attrs, grad)
    for size, strides in ((1, 1), (1, 2), (5, 2)):
        attrs = {"strides": [strides, strides], "pad": "same", "dilations": [1, 1]}
        dense = lambda x, w: nhwc(convolve(nchw(x), w.permute(3, 2, 0, 1), (strides,) * 2, "same", (1, 1)))
        case(f"conv2d {size} x {size}, stride {strides}", "conv2d", dense,
             [normal(2, 6, 6, 5), normal(size, size, 5, 3)], attrs)
    attrs = {"strides": [1, 1], "pad": "same", "dilations": [1, 1], "activation": "relu"}
    x, w, bias = normal(2, 5, 6, 3), normal(3, 3, 3, 4), normal(4)
    fused = lambda x, w, b: F.relu(nhwc(convolve(nchw(x), w.permute(3, 2, 0, 1), (1, 1), "same", (1, 1))) + b)
    case("fused conv2d", "fusedConv2d", fused, [x, w, bias], attrs)
    kernel = lambda w: w.permute(2, 3, 0, 1).reshape(-1, 1, 3, 3)
    fused = lambda x, w, b: F.relu(nhwc(convolve(nchw(x), kernel(w), (1, 1), "same", (1, 1), groups=3)) + b)
    case("fused depthwise", "fusedDepthwiseConv2d", fused, [x, normal(3, 3, 3, 2), normal(6)], attrs, grad=False)
    line = lambda x, w: nhwc(convolve(nchw(x), w.permute(2, 1, 0), (2,), "same", (1,)))
    case("conv1d", "conv1d", line, [normal(2, 9, 3), normal(4, 3, 5)], {"stride": 2, "pad": "same"})
    for stride, pad in ((1, "same"), (2, "same"), (2, "valid")):
        solid = lambda x, w: nhwc(convolve(nchw(x), w.permute(4, 3, 0, 1, 2), (stride,) * 3, pad, (1,) * 3))
        case(f"conv3d, stride {stride}, {pad}", "conv3d", solid, [normal(1, 5, 6, 4, 2), normal(3, 2, 3, 2, 3)],
             {"strides": stride, "pad": pad})
    for stride, pad, size in ((2, "same", 8), (1, "valid", 6), (2, "valid", 9)):
        def transposed(x, w):
            # The gradient of the convolution with respect to its input, as TensorFlow defines it.
            full = torch.zeros(2, 3, size, size, requires_grad=True)
            y = convolve(full, w.permute(3, 2, 0, 1), (stride,) * 2, pad, (1, 1))
            return nhwc(torch.autograd.grad(y, full, nchw(x), create_graph=True)[0])
        case(f"conv2dTranspose, stride {stride}, {pad}", "conv2dTranspose", transposed,
             [normal(2, 4, 4, 5), normal(3, 3, 3, 5)],
             {"outputShape": [2, size, size, 3], "strides": [stride, stride], "pad": pad})


def pools():
    for strides, pad, (kh, kw) in (((2, 2), "valid", (2, 2)), ((2, 2), "same", (3, 3)), ((1, 1), "same", (3, 2)),
                                   ((2, 1), "same", (2, 3)), ((1, 1), "valid", (3, 3)), ((2, 2), "same", (1, 1))):
        attrs = {"filterSize": [kh, kw], "strides": list(strides), "pad": pad}
        label = f"{kh} x {kw}, stride {list(strides)}, {pad}"
        pairs = lambda x: padding(x.shape[2:], (kh, kw), strides, (1, 1), pad)
        largest = lambda x: nhwc(F.max_pool2d(padded(nchw(x), pairs(nchw(x)), -math.inf), (kh, kw), strides))
        case(f"maxPool {label}", "maxPool", largest, [apart(2, 7, 6, 3)], attrs)

        def average(x):
            y = nchw(x)
            total = F.avg_pool2d(padded(y, pairs(y)), (kh, kw), strides)
            return nhwc(total / F.avg_pool2d(padded(torch.ones_like(y), pairs(y)), (kh, kw), strides))
        case(f"avgPool {label}", "avgPool", average, [normal(2, 7, 6, 3)], attrs)
    for pad, stride in (("valid", 2), ("same", 2)):
        attrs = {"filterSize": [2, 2, 2], "strides": [stride] * 3, "pad": pad}
        pairs = lambda x: padding(x.shape[2:], (2, 2, 2), (stride,) * 3, (1,) * 3, pad)
        largest = lambda x: nhwc(F.max_pool3d(padded(nchw(x), pairs(nchw(x)), -math.inf), 2, stride))
        case(f"maxPool3d {pad}", "maxPool3d", largest, [apart(1, 5, 4, 5, 2)], attrs)

        def average(x):
            y = nchw(x)
            total = F.avg_pool3d(padded(y, pairs(y)), 2, stride)
            return nhwc(total / F.avg_pool3d(padded(torch.ones_like(y), pairs(y)), 2, stride))
        case(f"avgPool3d {pad}", "avgPool3d", average, [normal(1, 5, 4, 5, 2)], attrs)
    case("globalAveragePool", "globalAveragePool", lambda x: x.mean((1, 2)), [normal(3, 5, 4, 6)])


def norms():
    flat = lambda x: x.reshape(-1, x.shape[-1])
    for shift, label in ((0.0, ""), (30.0, ", mean 30")):
        x, gamma, beta = normal(3, 4, 5, 6, shift=shift), uniform(0.5, 2, 6), normal(6)

        def train(x, gamma, beta):
            rows = flat(x)
            variance, mean = torch.var_mean(rows, 0, correction=0)
            return (F.batch_norm(rows, None, None, gamma, beta, True, 0.0, 1e-5).reshape(x.shape), mean, variance)
        if shift:
            # The spread itself is only known to 1e-6 of the mean in float32, so y is compared, no more.
            case(f"batchNormTrain{label}", "batchNormTrain", lambda *a: train(*a)[1:2], [x, gamma, beta],
                 {"epsilon": 1e-5, "output": 1}, grad=False)
        else:
            case(f"batchNormTrain{label}", "batchNormTrain", train, [x, gamma, beta], {"epsilon": 1e-5})
    parameters = [normal(6), uniform(0.5, 2, 6), normal(6), uniform(0.5, 2, 6)]
    infer = lambda x, mean, variance, offset, scale: (x - mean) / torch.sqrt(variance + 1e-3) * scale + offset
    case("batchNorm", "batchNorm", infer, [normal(3, 4, 5, 6), *parameters], {"epsilon": 1e-3})
    layer = lambda x, gamma, beta: F.layer_norm(x, (8,), gamma, beta, 1e-6)
    case("layerNorm", "layerNorm", layer, [normal(3, 7, 8), uniform(0.5, 2, 8), normal(8)], {"epsilon": 1e-6})

    def local(x):
        window = F.unfold((x * x).reshape(-1, 1, x.shape[-1], 1), (5, 1), padding=(2, 0)).sum(1).reshape(x.shape)
        return x / (2.0 + 0.3 * window) ** 0.5
    attrs = {"depthRadius": 2, "bias": 2.0, "alpha": 0.3, "beta": 0.5}
    case("localResponseNormalization", "localResponseNormalization", local, [normal(2, 3, 3, 7)], attrs)


def losses():
    case("softmax", "softmax", lambda x: x.softmax(-1), [normal(6, 9, scale=3)])
    case("softmax, rank 4", "softmax", lambda x: x.softmax(-1), [normal(2, 3, 4, 5)])
    case("logSoftmax", "logSoftmax", lambda x: x.log_softmax(-1), [normal(6, 9, scale=3)])
    labels = integers(0, 9, 6)
    for smoothing in (0.0, 0.1):
        loss = lambda labels, x: F.cross_entropy(x, labels, label_smoothing=smoothing)
        case(f"softmaxCrossEntropy, smoothing {smoothing}", "softmaxCrossEntropy", loss,
             [labels, normal(6, 9, scale=3)], {"labelSmoothing": smoothing})


def shapes():
    x = normal(3, 4, 5)
    for order in ((0, 2, 1), (2, 0, 1), (2, 1, 0)):
        case(f"transpose {list(order)}", "transpose", lambda x: x.permute(order), [x], {"perm": list(order)})
    case("reshape", "reshape", lambda x: x.reshape(6, 10), [x], {"shape": [6, 10]})
    case("slice", "slice", lambda x: x[1:3, 0:2, 2:5], [x], {"begin": [1, 0, 2], "size": [2, 2, 3]})
    case("stridedSlice", "stridedSlice", lambda x: x[0:3:2, 1:4, 0:5:3], [x],
         {"begin": [0, 1, 0], "end": [3, 4, 5], "strides": [2, 1, 3]}, grad=False)
    case("pad", "pad", lambda x: F.pad(x, (1, 2, 0, 1, 2, 0), value=0.5), [x],
         {"paddings": [[2, 0], [0, 1], [1, 2]], "value": 0.5})
    mirrored = lambda x: F.pad(x[None], (2, 1, 1, 2), mode="reflect")[0]
    case("mirrorPad", "mirrorPad", mirrored, [x], {"paddings": [[0, 0], [1, 2], [2, 1]]}, grad=False)
    for axis, other in ((0, (2, 4, 5)), (1, (3, 1, 5)), (2, (3, 4, 6))):
        case(f"concat {axis}", "concat", lambda *all: torch.cat(all, axis), [x, normal(*other)], {"axis": axis})
        case(f"stack {axis}", "stack", lambda *all: torch.stack(all, axis), [normal(3, 4), normal(3, 4)], {"axis": axis})
        case(f"gather {axis}", "gather", lambda x, i: x.index_select(axis, i), [x, integers(0, 3, 6)], {"axis": axis})
        case(f"reverse {axis}", "reverse", lambda x: x.flip(axis), [x], {"axis": axis})
    case("tile", "tile", lambda x: x.repeat(2, 1, 3), [x], {"reps": [2, 1, 3]})
    case("split", "split", lambda x: x.split([1, 3], 1), [x], {"sizes": [1, 3], "axis": 1})
    case("unstack", "unstack", lambda x: x.unbind(1), [x], {"axis": 1}, grad=False)
    case("broadcastTo", "broadcastTo", lambda x: x.expand(4, 3, 5), [normal(3, 1)], {"shape": [4, 3, 5]})
    case("oneHot", "oneHot", lambda i: F.one_hot(i, 5).to(torch.float64), [integers(0, 5, 7)], {"depth": 5}, grad=False)
    where = integers(0, 3, 6, 2)
    case("gatherND", "gatherND", lambda x, i: x[i[:, 0], i[:, 1]], [x, where], grad=False)
    case("scatterND", "scatterND", lambda i, v: torch.zeros(4, 5).index_put((i[:, 0], i[:, 1]), v, accumulate=True),
         [where, normal(6)], {"shape": [4, 5]}, grad=False)
    case("unsortedSegmentSum", "unsortedSegmentSum", lambda x, i: torch.zeros(4, 5).index_add(0, i, x),
         [normal(6, 5), integers(0, 4, 6)], {"segments": 4})
    case("depthToSpace", "depthToSpace", lambda x: x.reshape(2, 3, 2, 2, 2, 3).permute(0, 1, 3, 2, 4, 5).reshape(2, 6, 4, 3),
         [normal(2, 3, 2, 12)], {"blockSize": 2}, grad=False)
    for align in (False, True):
        scale = lambda x: nhwc(F.interpolate(nchw(x), (7, 9), mode="bilinear", align_corners=align))
        # tfjs-core has a gradient for aligned corners, none for half-pixel centres.
        case(f"resizeBilinear, {'aligned' if align else 'half-pixel'}", "resizeBilinear", scale, [normal(2, 4, 5, 3)],
             {"size": [7, 9], "alignCorners": align, "halfPixelCenters": not align}, grad=align)
    near = lambda x: nhwc(F.interpolate(nchw(x), (8, 10), mode="nearest"))
    case("resizeNearestNeighbor", "resizeNearestNeighbor", near, [normal(2, 4, 5, 3)], {"size": [8, 10]})


def optimizers():
    def steps(make):
        def run(value, *gradients):
            variable = value.detach().clone().requires_grad_()
            optimizer = make([variable])
            for gradient in gradients:
                variable.grad = gradient.detach().clone()
                optimizer.step()
            return variable.detach()
        return run
    inputs = [normal(7, 5), *(normal(7, 5) for _ in range(4))]
    adam = dict(lr=0.01, betas=(0.9, 0.99), eps=1e-8)
    for decay in (0.0, 0.05):
        case(f"adamw, decay {decay}", "adamw", steps(lambda p: torch.optim.AdamW(p, weight_decay=decay, **adam)), inputs,
             {"learningRate": 0.01, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8, "weightDecay": decay}, grad=False)
    for nesterov in (False, True):
        make = lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=nesterov, weight_decay=0.01)
        case(f"sgd, nesterov {nesterov}", "sgd", steps(make), inputs,
             {"learningRate": 0.1, "momentum": 0.9, "nesterov": nesterov, "weightDecay": 0.01}, grad=False)


def counts():
    x = integers(0, 8, 11)
    case("bincount, weighted", "bincount", lambda x, w: torch.bincount(x, w, 6)[:6], [x, normal(11)], {"size": 6}, grad=False)
    rows = integers(0, 8, 3, 7)
    weights = normal(3, 7)
    table = lambda x, w: torch.stack([torch.bincount(a, b, 6)[:6] for a, b in zip(x, w)])
    case("denseBincount, weighted", "denseBincount", table, [rows, weights], {"size": 6, "binary": False}, grad=False)
    seen = lambda x, w: (table(x, torch.ones_like(w)) > 0).to(torch.float64)
    case("denseBincount, binary", "denseBincount", seen, [rows, weights], {"size": 6, "binary": True}, grad=False)
    case("bitwiseAnd", "bitwiseAnd", torch.bitwise_and, [integers(0, 99, 4, 5), integers(-9, 99, 4, 5)], grad=False)
    case("addN", "addN", lambda a, b, c: a + b + c, [normal(4, 5), normal(4, 5), normal(4, 5)])
    data, which, ids = normal(5, 2, 3), torch.tensor([4, 0, 2, 2, 1, 3]), torch.tensor([0, 0, 1, 3, 3, 3])
    total = lambda data, which, ids: torch.zeros(4, 2, 3).index_add(0, ids, data[which])
    sizes = lambda ids: torch.bincount(ids, minlength=4).clamp(min=1).reshape(4, 1, 1)
    case("sparseSegmentSum", "sparseSegmentSum", total, [data, which, ids], grad=False)
    case("sparseSegmentMean", "sparseSegmentMean", lambda d, w, i: total(d, w, i) / sizes(i), [data, which, ids], grad=False)
    where = torch.tensor([[0, 1], [2, 3], [3, 0]])
    put = lambda base, i, v: base.index_put((i[:, 0], i[:, 1]), v)
    case("sparseToDense", "sparseToDense", lambda i, v: put(torch.full((4, 5), 0.5), i, v), [where, normal(3)],
         {"shape": [4, 5], "value": 0.5}, grad=False)
    case("tensorScatterUpdate", "tensorScatterUpdate", put, [normal(4, 5), where, normal(3)], grad=False)
    sorted_rows = rounded(np.sort(random.normal(size=(2, 9)), axis=1))
    for side in ("left", "right"):
        sought = torch.cat([normal(2, 5), sorted_rows[:, 3:5]], 1)
        case(f"searchSorted, {side}", "searchSorted", lambda a, b: torch.searchsorted(a, b, side=side),
             [sorted_rows, sought], {"side": side}, grad=False)

    def largest(x):
        mask = torch.zeros(x.numel())
        mask[x.abs().flatten().topk(12).indices] = 1
        return mask.reshape(x.shape)
    case("topKMask", "topKMask", largest, [apart(5, 7)], {"k": 12}, grad=False)


def creations():
    case("fill", "fill", lambda: torch.full((2, 3), 1.5), [], {"shape": [2, 3], "value": 1.5}, grad=False)
    case("linspace", "linspace", lambda: torch.linspace(-1, 2, 8), [], {"start": -1, "stop": 2, "num": 8}, grad=False)
    case("range", "range", lambda: torch.arange(1.0, 4.0, 0.5), [], {"start": 1, "stop": 4, "step": 0.5}, grad=False)
    case("onesLike", "onesLike", torch.ones_like, [normal(3, 4)], grad=False)
    case("diag", "diag", lambda x: torch.diag(x.flatten()).reshape(3, 2, 3, 2), [normal(3, 2)], grad=False)
    special = rounded([1.0, math.inf, -math.inf, math.nan, 0.0, -2.5])
    for name, function in {"isFinite": torch.isfinite, "isInf": torch.isinf, "isNaN": torch.isnan}.items():
        case(name, name, function, [special], grad=False)


def spectra():
    re, im = normal(3, 10), normal(3, 10)
    parts = lambda z: (z.real, z.imag)
    case("parts of complex numbers", "complex", lambda a, b: (a, b), [re, im], grad=False)
    case("size of complex numbers", "complexAbs", lambda a, b: torch.complex(a, b).abs(), [re, im], grad=False)
    for size in (8, 10, 7):
        re, im = normal(3, size), normal(3, size)
        case(f"fft {size}", "fft", lambda a, b: parts(torch.fft.fft(torch.complex(a, b))), [re, im], grad=False)
        case(f"ifft {size}", "ifft", lambda a, b: parts(torch.fft.ifft(torch.complex(a, b))), [re, im], grad=False)


def images():
    for size, (strides, pad, dilations) in ((3, ((1, 1), "same", (1, 1))), (2, ((2, 2), "same", (1, 1))),
                                            (2, ((1, 1), "valid", (2, 2)))):
        def dilate(x, w):
            y = padded(nchw(x), padding(x.shape[1:3], w.shape[:2], strides, dilations, pad), -math.inf)
            high = [(length - (size - 1) * d - 1) // s + 1 for length, d, s in zip(y.shape[2:], dilations, strides)]
            taps = F.unfold(y, size, dilation=dilations, stride=strides).reshape(2, 3, size * size, *high)
            return nhwc((taps + w.reshape(-1, 3).T[None, :, :, None, None]).amax(2))
        case(f"dilation2d {size} x {size}, {list(strides)}, {pad}, {list(dilations)}", "dilation2d", dilate,
             [apart(2, 6, 7, 3), uniform(-0.5, 0.5, size, size, 3)],
             {"strides": list(strides), "pad": pad, "dilations": list(dilations)}, grad=dilations == (1, 1))
    case("flipLeftRight", "flipLeftRight", lambda x: x.flip(2), [normal(2, 4, 5, 3)], grad=False)
    split = lambda x: F.pad(x, (0, 0, 1, 0, 0, 1)).reshape(2, 2, 2, 3, 2, 3).permute(2, 4, 0, 1, 3, 5).reshape(8, 2, 3, 3)
    attrs = {"block": [2, 2]}
    case("spaceToBatchND", "spaceToBatchND", split, [normal(2, 3, 5, 3)], {**attrs, "paddings": [[0, 1], [1, 0]]})
    join = lambda x: x.reshape(2, 2, 2, 2, 3, 3).permute(2, 3, 0, 4, 1, 5).reshape(2, 4, 6, 3)[:, 0:3, 1:6]
    case("batchToSpaceND", "batchToSpaceND", join, [normal(8, 2, 3, 3)], {**attrs, "crops": [[0, 1], [1, 0]]})
    for batch in (False, True):
        for strides, border in ((1, 1), (2, 0)):
            def largest(x):
                y, where = F.max_pool2d(nchw(x), 3, strides, border, return_indices=True)
                n, h, w, c = x.shape
                index = nhwc(where) * c + torch.arange(c)
                return nhwc(y), index + torch.arange(n).reshape(n, 1, 1, 1) * (h * w * c if batch else 0)
            case(f"maxPoolWithArgmax, stride {strides}{', through the batch' if batch else ''}", "maxPoolWithArgmax",
                 largest, [apart(2, 7, 6, 3)],
                 {"strides": strides, "pad": "same" if border else "valid", "batch": batch}, grad=False)
    boxes = rounded([[0.1, 0.2, 0.8, 0.9], [0.75, 0.15, 0.25, 0.6], [0.3, 0.4, 1.3, 0.7]])
    for method in ("bilinear", "nearest"):
        def crop(x, boxes, which):
            step = torch.linspace(0, 1, 4)
            y = boxes[:, 0:1] + (boxes[:, 2:3] - boxes[:, 0:1]) * step
            z = boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * step
            grid = torch.stack(torch.broadcast_tensors(2 * z[:, None, :] - 1, 2 * y[:, :, None] - 1), -1)
            cut = nhwc(F.grid_sample(nchw(x[which]), grid, method, "border", align_corners=True))
            return torch.where((y > 1)[:, :, None, None], 0.25, cut)
        case(f"cropAndResize, {method}", "cropAndResize", crop, [normal(2, 6, 7, 3), boxes, torch.tensor([1, 0, 1])],
             {"size": [4, 4], "method": method, "value": 0.25}, grad=False)

    def rotate(x):
        n, h, w, c = x.shape
        rows, columns = torch.meshgrid(torch.arange(h) - 0.5 * h, torch.arange(w) - 0.5 * w, indexing="ij")
        at = lambda p, centre: torch.floor(p + centre + 0.5).long()
        sin, cos = math.sin(0.6), math.cos(0.6)
        to_x, to_y = at(columns * cos - rows * sin, 0.5 * w), at(columns * sin + rows * cos, 0.5 * h)
        inside = (to_x >= 0) & (to_x < w) & (to_y >= 0) & (to_y < h)
        turned = x[:, to_y.clamp(0, h - 1), to_x.clamp(0, w - 1)]
        return torch.where(inside[None, :, :, None], turned, torch.tensor([0.1, 0.2, 0.3]))
    case("rotateWithOffset", "rotateWithOffset", rotate, [normal(2, 5, 7, 3)],
         {"radians": 0.6, "fill": [0.1, 0.2, 0.3], "center": 0.5}, grad=False)


def statistics():
    def running(*batches):
        mean, variance = torch.zeros(5), torch.ones(5)
        for x in batches:
            mean = mean + 0.3 * (x.mean((0, 1, 2)) - mean)
            variance = variance + 0.3 * (x.var((0, 1, 2), correction=0) - variance)
        return mean, variance
    case("running statistics of three batches", "runningStatistics", running,
         [normal(4, 3, 2, 5) * k + k for k in (1, 2, 3)], {"momentum": 0.7}, grad=False)


for family in (unary, binary, reductions, products, convolutions, pools, norms, losses, shapes, optimizers,
               counts, creations, spectra, images, statistics):
    start = len(cases)
    family()
    for line in cases[start:]:
        line["family"] = family.__name__
folder.mkdir(parents=True, exist_ok=True)
lines = [json.dumps({"family": line.pop("family"), **line}, separators=(",", ":")) for line in cases]
(folder / "cases.jsonl").write_text("\n".join(lines) + "\n")
(folder / "values.bin").write_bytes(b"".join(values))
print(f"{len(cases)} cases, {position} numbers, torch {torch.__version__}")
