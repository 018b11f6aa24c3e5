"""Writes test/fixtures/pillow.json: what Pillow makes of small images, for the tests of the augmentations.

usage: pip install pillow && python3 scripts/make-pillow-reference.py
The factors, matrices and boxes are those torchvision 0.29 passes to Pillow for its PIL images.
"""
import base64
import json
import math
import pathlib

import PIL
from PIL import Image, ImageEnhance, ImageOps


def noise(mode, width, height, seed):
    bands = len(mode)
    state = seed
    values = bytearray()
    for _ in range(width * height * bands):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(state >> 24)
    return Image.frombytes(mode, (width, height), bytes(values))


def ramp(mode, width, height):
    bands = len(mode)
    values = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(bands):
                values.append(30 + (x * 97 // width + y * 61 // height * (c + 1)) % 180)
    return Image.frombytes(mode, (width, height), bytes(values))


def code(image):
    return base64.b64encode(image.tobytes()).decode()


def hue(image, shift):
    h, s, v = image.convert("HSV").split()
    turn = int(shift * 255)
    return Image.merge("HSV", (h.point([(x + turn) & 255 for x in range(256)]), s, v)).convert("RGB")


def affine(image, angle, translate, shear, center):
    """torchvision's _get_inverse_affine_matrix at scale 1, then Pillow's nearest transform."""
    rot, sx, sy = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    (cx, cy), (tx, ty) = center, translate
    a = math.cos(rot - sy) / math.cos(sy)
    b = -math.cos(rot - sy) * math.tan(sx) / math.cos(sy) - math.sin(rot)
    c = math.sin(rot - sy) / math.cos(sy)
    d = -math.sin(rot - sy) * math.tan(sx) / math.cos(sy) + math.cos(rot)
    m = [d, -b, 0.0, -c, a, 0.0]
    m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty) + cx
    m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty) + cy
    return image.transform(image.size, Image.Transform.AFFINE, m, Image.Resampling.NEAREST)


images = {
    "rgb-noise": noise("RGB", 12, 10, 1),
    "rgb-ramp": ramp("RGB", 14, 14),
    "rgb-tall": noise("RGB", 9, 15, 3),
    "grey-noise": noise("L", 11, 9, 2),
    "grey-ramp": ramp("L", 16, 16),
}
cases = []


def case(image, operation, argument, result):
    cases.append({"image": image, "operation": operation, "argument": argument, "result": code(result)})


for name, image in images.items():
    width, height = image.size
    for f in (0.0, 0.1, 0.73, 1.0, 1.36, 1.9):
        case(name, "brightness", f, ImageEnhance.Brightness(image).enhance(f))
        case(name, "contrast", f, ImageEnhance.Contrast(image).enhance(f))
        case(name, "sharpness", f, ImageEnhance.Sharpness(image).enhance(f))
        if image.mode == "RGB":
            case(name, "saturation", f, ImageEnhance.Color(image).enhance(f))
    if image.mode == "RGB":
        for shift in (-0.5, -0.21, -0.02, 0.0, 0.1, 0.33, 0.5):
            case(name, "hue", shift, hue(image, shift))
    for bits in (8, 6, 4):
        case(name, "posterize", bits, ImageOps.posterize(image, bits))
    for threshold in (0.0, 76.5, 153.0, 255.0):
        case(name, "solarize", threshold, ImageOps.solarize(image, threshold))
    case(name, "auto-contrast", None, ImageOps.autocontrast(image))
    case(name, "equalize", None, ImageOps.equalize(image))
    for sign in (1, -1):
        for level in (0.06, 0.12, 0.3):
            degrees = math.degrees(math.atan(sign * level))
            case(name, "shear-x", sign * level, affine(image, 0, (0, 0), (degrees, 0), (0, 0)))
            case(name, "shear-y", sign * level, affine(image, 0, (0, 0), (0, degrees), (0, 0)))
        for pixels in (1, 4):
            middle = (width * 0.5, height * 0.5)
            case(name, "translate-x", sign * pixels, affine(image, 0, (sign * pixels, 0), (0, 0), middle))
            case(name, "translate-y", sign * pixels, affine(image, 0, (0, sign * pixels), (0, 0), middle))
        for degrees in (3, 9.0, 17.5, 30):
            case(name, "rotate", sign * degrees, image.rotate(sign * degrees, Image.Resampling.NEAREST))
    for left, top, w, h in ((0, 0, width, height), (1, 2, 7, 5), (2, 0, 3, 8), (0, 1, width, height - 2)):
        region = {"left": left, "top": top, "width": w, "height": h}
        cut = image.crop((left, top, left + w, top + h))
        case(name, "enlarge", region, cut.resize((width, height), Image.Resampling.BILINEAR))

target = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "pillow.json"
described = {
    name: {"shape": [image.height, image.width, len(image.mode.replace("L", "1"))], "pixels": code(image)}
    for name, image in images.items()
}
target.write_text(
    json.dumps({"pillow": PIL.__version__, "images": described, "cases": cases}, indent=0) + "\n"
)
print(len(cases), "cases,", target.stat().st_size, "bytes")
