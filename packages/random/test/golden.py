"""Writes golden.json: what the fills must hash to, computed apart from the package, with NumPy.

Run it by hand, `python3 golden.py > golden.json`, when a case of golden.ts is added; no test needs Python.
"""
import hashlib
import json

import numpy as np

F = np.float32
MASK = np.uint64(0xFFFFFFFF)


def philox(counter, key):
    """Philox4x32-10 of counters [n, 4] under one key."""
    c0, c1, c2, c3 = (counter[:, i].astype(np.uint64) for i in range(4))
    k0, k1 = key
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), p1 & MASK, (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1), p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], 1).astype(np.uint32)


def stream(seed, name):
    text = name.encode('utf-16-le')
    out = philox(np.array([[len(text) // 2, 0, 0, 0x706C6561]], np.uint32), (seed & 0xFFFFFFFF, seed >> 32))[0]
    for at in range(0, len(text), 16):
        block = np.frombuffer(text[at : at + 16].ljust(16, b'\0'), '<u4')[None]
        out = philox(block, (int(out[0]), int(out[1])))[0]
    return int(out[0]), int(out[1])


def bits(key, n, offset=0):
    blocks = np.arange(offset // 4, (offset + n + 3) // 4, dtype=np.uint64)
    zero = np.zeros_like(blocks)
    return philox(np.stack([blocks & MASK, blocks >> np.uint64(32), zero, zero], 1), key).ravel()[offset % 4 :][:n]


def uniform(key, n, low=0.0, high=1.0, offset=0):
    low, high = F(low), F(high)
    scale = F(F(float(high) - float(low)) * F(2.0**-24))
    values = (bits(key, n, offset) >> np.uint32(8)).astype(F) * scale + low
    return np.minimum(values, np.nextafter(high, F(-np.inf)))


def polynomial(x, coefficients):
    """Estrin's scheme of degree 7, or of degree 9 with the two highest terms in front."""
    a = [F(c) for c in coefficients]
    x2 = x * x
    x4 = x2 * x2
    *head, a7, a6, a5, a4, a3, a2, a1, a0 = a
    upper = (a7 * x + a6) * x2 + (a5 * x + a4)
    lower = (a3 * x + a2) * x2 + (a1 * x + a0)
    if head:
        upper = (head[0] * x + head[1]) * x4 + upper
    return upper * x4 + lower


def quantile(words):
    signed = words.view(np.int32)
    magnitude = signed ^ (signed >> 31)
    x = (magnitude.astype(F) + F(0.5)) * F(2.0**-31)
    p = ((np.int32(0x7FFFFFFF) - magnitude).astype(F) + F(0.5)) * F(2.0**-31)
    v = (p * (F(2) - p)).view(np.int32)
    exponent = (v - np.int32(0x3F3504F3)) >> 23
    m = (v - (exponent << 23)).view(F) - F(1)
    log = polynomial(m, [0.087335505, -0.14441843, 0.14979301, -0.1655234, 0.19953613, -0.2500249, 0.33334225, -0.49999982])
    w = exponent.astype(F) * F(-np.log(2)) - (m * m * log + m)
    centre = polynomial(w - F(3.125), [-7.155822e-9, -1.2343207e-8, 6.1601526e-7, -2.1541603e-6, -1.9741856e-5, 0.00026481517, -0.0010472283, -0.0085337525, 0.33963475, 2.338621])
    tail = polynomial(np.sqrt(np.maximum(w, F(0))) - F(3.5625), [1.924012e-5, 5.6814675e-5, -0.0003121178, 0.0005326021, -0.00072923955, 0.0012579383, -0.002573042, 0.0041241115, 1.4251816, 4.806146])
    return np.copysign(np.where(w < F(6.25), centre, tail) * x, signed.astype(F))


def normal(key, n, mean=0.0, std=1.0, offset=0):
    return quantile(bits(key, n, offset)) * F(std) + F(mean)


def sign(key, n, magnitude=1.0, offset=0):
    words = bits(key, (offset + n + 31) // 32)
    flags = np.unpackbits(words.view(np.uint8), bitorder='little')[offset : offset + n]
    return np.where(flags, F(-magnitude), F(magnitude))


def permutation(key, n):
    words = (int(word) for word in bits(key, 2 * n + 100))
    order = np.arange(n, dtype=np.uint32)
    for i in range(n - 1, 0, -1):
        while True:
            product = next(words) * (i + 1)
            if product & 0xFFFFFFFF >= 2**32 % (i + 1):
                break
        j = product >> 32
        order[i], order[j] = order[j], order[i]
    return order


s = stream(2024, 'golden')
carry = 2**34 - 5001
cases = {
    'keys': np.array([k for seed, name in [(0, ''), (2024, 'golden'), (2**53 - 1, 'prototype/17/ünï😀')] for k in stream(seed, name)], np.uint32),
    'bits': bits(s, 100_003),
    'bits past 2^32 blocks': bits(s, 10_007, carry),
    'uniform': uniform(s, 100_003),
    'uniform in a range': uniform(s, 100_003, -0.3, 0.7, 13),
    'normal': normal(s, 1_000_003),
    'normal scaled': normal(s, 100_003, 0.1, 0.02, 7),
    'sign': sign(s, 100_003),
    'sign from within a word': sign(s, 10_007, 0.1, 77),
    'permutation': permutation(s, 10_007),
}
print(json.dumps({name: hashlib.sha256(values.tobytes()).hexdigest() for name, values in cases.items()}, indent=2))
