"""The program that draws faces, in WebAssembly with 128-bit SIMD: one for the browser and for `models.faces.engine`.

It is written as text (https://webassembly.github.io/spec/core/text), so that it needs no compiler but
`wasmtime.wat2wasm`, which makes the same bytes on every machine. All arithmetic is in single precision and in a fixed
order: the pictures are the same everywhere, bit for bit.
"""

import struct
from collections.abc import Iterable
from functools import cache

from wasmtime import wat2wasm

from models.faces.plan import BLOCK, STEP, TILE, Array, Job, Plan, plan
from models.faces.weights import SLOPE, FaceModel

_PAGE = 1 << 16  # bytes
_ARRAY = tuple("" if part == "address" else f"_{part}" for part in Array._fields)
_MOVING = ("inputs", "first", "second", "gain", "out")
"""The arrays of a job; only the gain is the same for all pixels of a face."""


@cache
def program(asked: int, features: int, channels: tuple[int, ...]) -> bytes:
    """The program for generators of a shape, as a WebAssembly module that imports nothing.

    It exports the memory; the addresses "inputs" and "out" of `models.faces.plan.Plan`; "placements", the address of a
    table of 5 whole numbers a row, and "placed", the number of rows; and the function draw(faces: 1 to MOST_FACES).

    Args:
        asked: numbers that a face is drawn from.
        features: of the style.
        channels: of the maps.
    """
    return bytes(wat2wasm(text(plan(asked, features, channels, SLOPE))))


def program_for(model: FaceModel) -> bytes:
    """The program for a model."""
    return program(model.asked, model.features, model.channels)


def text(plan: Plan) -> str:
    """The program in the text format."""
    formats = "".join("f" if _type(field) == "f32" else "i" for field in _fields())
    jobs = b"".join(struct.pack(f"<{formats}", *job.words) for job in plan.jobs)
    placements = b"".join(struct.pack("<5i", *placement) for placement in plan.placements)
    table = plan.bytes + len(jobs)
    return f"""(module
  (memory (export "memory") {-(-(table + len(placements)) // _PAGE)})
  (data (i32.const {plan.bytes}) "{_escaped(jobs)}")
  (data (i32.const {table}) "{_escaped(placements)}")
  (global (export "inputs") i32 (i32.const {plan.inputs.address}))
  (global (export "out") i32 (i32.const {plan.out.address}))
  (global (export "placements") i32 (i32.const {table}))
  (global (export "placed") i32 (i32.const {len(plan.placements)}))

  (start $fill_ones)
  (func $fill_ones
    (local $at i32)
    (local.set $at (i32.const {plan.ones}))
    (loop $fill
      (f32.store (local.get $at) (f32.const 1))
      (br_if $fill
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const {plan.ones + 4 * plan.most})))))

  ;; does all jobs; those of dense layers take TILE faces for one
  (func (export "draw") (param $faces i32)
    (local $job i32) (local $count i32)
    (local.set $job (i32.const {plan.bytes}))
    (loop $jobs
      (local.set $count
        (i32.div_u
          (i32.sub (i32.add (local.get $faces) (i32.load (local.get $job))) (i32.const 1))
          (i32.load (local.get $job))))
      (if (i32.load offset={4 * Job._fields.index("channels")} (local.get $job))
        (then (call $product (local.get $job) (local.get $count)))
        (else (call $difference (local.get $job) (local.get $count))))
      (br_if $jobs
        (i32.lt_u (local.tee $job (i32.add (local.get $job) (i32.const {4 * len(_fields())}))) (i32.const {table})))))

  ;; The block of BLOCK channels is the outermost loop, so that its weights stay in the fastest cache. A tile of TILE
  ;; pixels by BLOCK channels is summed up in registers: each weight that is loaded is used TILE times, each input
  ;; BLOCK times. $inputs_x is the address of a tile, $inputs_y of a row, $inputs_f of a face, and so on.
  (func $product (param $job i32) (param $faces i32)
    {_locals()}
    {_lines(f"(local $sum{pixel}{half} v128)" for pixel in range(TILE) for half in (0, 1))}
    (local $weight0 v128) (local $weight1 v128) (local $input v128)
    (local $gain0 v128) (local $gain1 v128) (local $slopes v128)
    {_lines(f"(local $input{pixel} i32)" for pixel in range(TILE))}
    (local $end i32) (local $w i32) (local $channel i32) (local $face i32) (local $y i32) (local $x i32)
    {_load_fields()}
    (local.set $slopes (f32x4.splat (local.get $slope)))
    (loop $blocks
      (local.set $end (i32.add (local.get $weights) (i32.mul (local.get $depth) (i32.const {4 * BLOCK}))))
      {_copy("_f", "")}
      (local.set $face (local.get $faces))
      (loop $all_faces
        (local.set $gain0 (v128.load (local.get $gain_f)))
        (local.set $gain1 (v128.load offset=16 (local.get $gain_f)))
        {_copy("_y", "_f")}
        (local.set $y (local.get $rows))
        (loop $all_rows
          {_copy("_x", "_y")}
          (local.set $x (local.get $columns))
          (loop $tiles
            {_lines(map(_start, range(TILE)))}
            (local.set $w (local.get $weights))
            (loop $depths
              {_lines(map(_multiply, range(STEP)))}
              {_lines(_advance(f"input{pixel}", STEP * 4) for pixel in range(TILE))}
              (br_if $depths
                (i32.lt_u (local.tee $w (i32.add (local.get $w) (i32.const {4 * BLOCK * STEP}))) (local.get $end))))
            {_lines(map(_finish, range(TILE)))}
            (br_if $tiles (local.tee $x (i32.sub (local.get $x) (i32.const {TILE})))))
          {_next("_y", "_row")}
          (br_if $all_rows (local.tee $y (i32.sub (local.get $y) (i32.const 1)))))
        {_next("_f", "_face")}
        (br_if $all_faces (local.tee $face (i32.sub (local.get $face) (i32.const 1)))))
      (local.set $weights (local.get $end))
      {_lines(_advance(name, 4 * BLOCK) for name in ("first", "second", "gain", "out"))}
      (br_if $blocks (local.tee $channels (i32.sub (local.get $channels) (i32.const {BLOCK}))))))

  ;; 4 floats at a time
  (func $difference (param $job i32) (param $faces i32)
    {_locals()}
    (local $y i32) (local $x i32)
    {_load_fields()}
    {_copy("_f", "")}
    (loop $all_faces
      {_copy("_y", "_f")}
      (local.set $y (local.get $rows))
      (loop $all_rows
        {_copy("_x", "_y")}
        (local.set $x (local.get $columns))
        (loop $floats
          (v128.store (local.get $out_x)
            (f32x4.sub (v128.load (local.get $inputs_x)) (v128.load (local.get $first_x))))
          {_lines(_advance(name, 16) for name in ("inputs_x", "first_x", "out_x"))}
          (br_if $floats (local.tee $x (i32.sub (local.get $x) (i32.const 4)))))
        {_next("_y", "_row")}
        (br_if $all_rows (local.tee $y (i32.sub (local.get $y) (i32.const 1)))))
      {_next("_f", "_face")}
      (br_if $all_faces (local.tee $faces (i32.sub (local.get $faces) (i32.const 1)))))))
"""


def _start(pixel: int) -> str:
    """The sums of a pixel of the tile begin; the address of its input is kept."""
    sums = "\n".join(
        f"(local.set $sum{pixel}{half} (f32x4.add (v128.load offset={16 * half} (local.get $first_x))"
        f" (v128.load offset={16 * half} (local.get $second_x))))"
        for half in (0, 1)
    )
    moves = "\n".join(_advance(f"{name}_x", f"{name}_pixel") for name in ("inputs", "first", "second"))
    return f"{sums}\n(local.set $input{pixel} (local.get $inputs_x))\n{moves}"


def _multiply(channel: int) -> str:
    """A channel of the inputs times its weights, into the sums of all pixels of the tile."""
    lines = [
        f"(local.set $weight{half} (v128.load offset={4 * BLOCK * channel + 16 * half} (local.get $w)))"
        for half in (0, 1)
    ]
    for pixel in range(TILE):
        lines.append(f"(local.set $input (v128.load32_splat offset={4 * channel} (local.get $input{pixel})))")
        lines += [
            f"(local.set $sum{pixel}{half} (f32x4.add (local.get $sum{pixel}{half})"
            f" (f32x4.mul (local.get $input) (local.get $weight{half}))))"
            for half in (0, 1)
        ]
    return "\n".join(lines)


def _finish(pixel: int) -> str:
    """Gain and rectifier: the larger of x and slope x, for a slope of at most 1."""
    lines = []
    for half in (0, 1):
        name = f"$sum{pixel}{half}"
        lines += [
            f"(local.set {name} (f32x4.mul (local.get {name}) (local.get $gain{half})))",
            f"(v128.store offset={16 * half} (local.get $out_x)"
            f" (f32x4.pmax (local.get {name}) (f32x4.mul (local.get {name}) (local.get $slopes))))",
        ]
    return "\n".join([*lines, _advance("out_x", "out_pixel")])


def _fields() -> list[str]:
    """The names of a job's fields, flat."""
    return [f"{name}{part}" for name in Job._fields for part in (_ARRAY if name in _MOVING else ("",))]


def _type(field: str) -> str:
    return "f32" if field == "slope" else "i32"


def _load_fields() -> str:
    return _lines(
        f"(local.set ${field} ({_type(field)}.load offset={4 * index} (local.get $job)))"
        for index, field in enumerate(_fields())
    )


def _locals() -> str:
    addresses = [f"{name}_{level}" for name in _MOVING for level in "fyx"]
    return _lines(f"(local ${name} {_type(name)})" for name in (*_fields(), *addresses))


def _copy(to: str, start: str) -> str:
    """The addresses of a level begin where those of the level above are."""
    return _lines(f"(local.set ${name}{to} (local.get ${name}{start}))" for name in _MOVING)


def _next(level: str, distance: str) -> str:
    return _lines(_advance(f"{name}{level}", f"{name}{distance}") for name in _MOVING)


def _advance(address: str, distance: str | int) -> str:
    by = f"(i32.const {distance})" if isinstance(distance, int) else f"(local.get ${distance})"
    return f"(local.set ${address} (i32.add (local.get ${address}) {by}))"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _escaped(content: bytes) -> str:
    return "".join(f"\\{byte:02x}" for byte in content)
