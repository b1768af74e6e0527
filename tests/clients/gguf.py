"""Writes a llama model with random weights that a real llama-server loads: small, and it speaks only invented words.

The format is GGUF v3: a header, key/value pairs, tensor descriptions, and the tensors aligned to 32 bytes.
"""

import random
import struct
from array import array

U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
ALIGNMENT = 32
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
BLANK = "\u2581"  # how SentencePiece writes the space before a word
TEMPLATE = ("{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}")


def _text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(kind, value):
    if kind == STRING:
        return _text(value)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}[kind], value)


def _pair(key, kind, value, element=None):
    out = _text(key) + struct.pack("<I", kind)
    if kind != ARRAY:
        return out + _value(kind, value)
    return out + struct.pack("<IQ", element, len(value)) + b"".join(_value(element, v) for v in value)


def vocabulary(rng, words=2000):
    """(text, type) of every token: specials, bytes, printable ASCII, words and all their beginnings, by which the
    tokenizer's pairwise merges can build a word up."""
    tokens = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)]
    tokens += [(f"<0x{i:02X}>", BYTE) for i in range(256)]
    tokens += [(chr(i), NORMAL) for i in range(33, 127)] + [(BLANK, NORMAL)]
    known = {t for t, _ in tokens}
    whole = []
    while len(whole) < words:
        word = BLANK + "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(1, 3)))
        if word not in known:
            whole.append(word)
            known.add(word)
    for word in whole:
        for end in range(2, len(word)):
            if word[:end] not in known:
                known.add(word[:end])
                tokens.append((word[:end], NORMAL))
    first_word = len(tokens)
    return tokens + [(w, NORMAL) for w in whole], first_word


def _pairs(tokens, width, layers, inner, heads, context):
    scores = [0.0 if kind != NORMAL else -1.0 / len(text) for text, kind in tokens]
    return [
        _pair("general.architecture", STRING, "llama"), _pair("general.name", STRING, "weir-test"),
        _pair("general.alignment", U32, ALIGNMENT), _pair("llama.context_length", U32, context),
        _pair("llama.embedding_length", U32, width), _pair("llama.block_count", U32, layers),
        _pair("llama.feed_forward_length", U32, inner), _pair("llama.attention.head_count", U32, heads),
        _pair("llama.attention.head_count_kv", U32, heads),
        _pair("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        _pair("llama.rope.dimension_count", U32, width // heads), _pair("llama.vocab_size", U32, len(tokens)),
        _pair("tokenizer.ggml.model", STRING, "llama"),
        _pair("tokenizer.ggml.tokens", ARRAY, [t for t, _ in tokens], STRING),
        _pair("tokenizer.ggml.scores", ARRAY, scores, F32),
        _pair("tokenizer.ggml.token_type", ARRAY, [k for _, k in tokens], I32),
        _pair("tokenizer.ggml.bos_token_id", U32, 1), _pair("tokenizer.ggml.eos_token_id", U32, 2),
        _pair("tokenizer.ggml.unknown_token_id", U32, 0), _pair("tokenizer.ggml.add_bos_token", BOOL, True),
        _pair("tokenizer.chat_template", STRING, TEMPLATE),
    ]


def _tensors(rng, vocabulary_size, first_word, width, layers, inner):
    """(name, dimensions innermost first, values). Dimension 0 of the embedding is a constant that survives all layers
    (their outputs write zeros there), and the output reads it: everything but whole words is improbable."""

    def noise(rows, columns, constant_row=None):
        values = array("f", (rng.gauss(0, 0.05) for _ in range(rows * columns)))
        if constant_row is not None:
            values[constant_row * columns:(constant_row + 1) * columns] = array("f", [0.0] * columns)
        return values

    ones = array("f", [1.0] * width)
    embedding = noise(vocabulary_size, width)
    output = noise(vocabulary_size, width)
    for token in range(vocabulary_size):
        embedding[token * width] = 1.0
        output[token * width] = 0.0 if token >= first_word else -12.0
    yield "token_embd.weight", (width, vocabulary_size), embedding
    yield "output_norm.weight", (width,), ones
    yield "output.weight", (width, vocabulary_size), output
    for layer in range(layers):
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", (width,), ones
        yield block + "ffn_norm.weight", (width,), ones
        for name in ("attn_q", "attn_k", "attn_v"):
            yield f"{block}{name}.weight", (width, width), noise(width, width)
        yield block + "attn_output.weight", (width, width), noise(width, width, constant_row=0)
        yield block + "ffn_gate.weight", (width, inner), noise(inner, width)
        yield block + "ffn_up.weight", (width, inner), noise(inner, width)
        yield block + "ffn_down.weight", (inner, width), noise(width, inner, constant_row=0)


def _write(path, pairs, tensors):
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs)
    offset = 0
    for name, dimensions, values in tensors:
        head += _text(name) + struct.pack("<I", len(dimensions)) + struct.pack(f"<{len(dimensions)}Q", *dimensions)
        head += struct.pack("<IQ", 0, offset)  # 0: float32
        offset += -(-len(values) * 4 // ALIGNMENT) * ALIGNMENT
    with open(path, "wb") as out:
        out.write(head + b"\0" * (-len(head) % ALIGNMENT))
        for _, _, values in tensors:
            raw = values.tobytes()
            out.write(raw + b"\0" * (-len(raw) % ALIGNMENT))
    return path


def write_model(path, seed=1, width=64, layers=2, inner=128, heads=4, context=32768):
    rng = random.Random(seed)
    tokens, first_word = vocabulary(rng)
    pairs = _pairs(tokens, width, layers, inner, heads, context)
    return _write(path, pairs, list(_tensors(rng, len(tokens), first_word, width, layers, inner)))


def write_slow_model(path, tokens=150_000, width=32):
    """A model whose vocabulary takes a server seconds to load."""
    words = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)]
    words += [(f"<0x{i:02X}>", BYTE) for i in range(256)] + [(f"{BLANK}w{i}", NORMAL) for i in range(tokens)]

    def flat(*dimensions):
        count = 1
        for d in dimensions:
            count *= d
        return dimensions, array("f", [0.01]) * count

    block = "blk.0."
    tensors = [("token_embd.weight", *flat(width, len(words))), ("output_norm.weight", *flat(width)),
               ("output.weight", *flat(width, len(words)))]
    tensors += [(f"{block}{name}.weight", *flat(width)) for name in ("attn_norm", "ffn_norm")]
    tensors += [(f"{block}{name}.weight", *flat(width, width))
                for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")]
    return _write(path, _pairs(words, width, 1, width, 1, 8192), tensors)
