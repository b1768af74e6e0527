"""Calls of the official Python clients, each printed as JSON: its value, or the class and fields of its error.

python_calls.py openai|anthropic URL NAME…
"""

import json
import sys

MESSAGES = [{"role": "user", "content": "Say hello."}]
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
MODEL = "weir-sim"
BATCH = {"x-llm-d-inference-objective": "batch"}


def openai_calls(url):
    from openai import OpenAI

    client = OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)
    chat = client.chat.completions.create

    def streamed():
        chunks = list(chat(model=MODEL, messages=MESSAGES, max_tokens=4, stream=True,
                           stream_options={"include_usage": True}))
        return {"text": "".join(c.choices[0].delta.content or "" for c in chunks if c.choices),
                "tokens": chunks[-1].usage.completion_tokens}

    def tools_streamed():
        calls = {}
        for chunk in chat(model=MODEL, messages=MESSAGES, tools=TOOLS, stream=True):
            for call in chunk.choices[0].delta.tool_calls or []:
                calls.setdefault(call.index, ["", ""])
                calls[call.index][0] += call.function.name or ""
                calls[call.index][1] += call.function.arguments or ""
        return calls

    def responses_streamed():
        return [e.type for e in client.responses.create(model=MODEL, input="x", max_output_tokens=4, stream=True)]

    return {
        "chat": lambda: chat(model=MODEL, messages=MESSAGES, max_tokens=4).usage.completion_tokens,
        "stream": streamed,
        "completion": lambda: client.completions.create(model=MODEL, prompt="x", max_tokens=3).usage.completion_tokens,
        "token_ids": lambda: client.completions.create(model=MODEL, prompt=[1, 2, 3], max_tokens=3).object,
        "embeddings": lambda: len(client.embeddings.create(model=MODEL, input=["a", "b"]).data),
        "responses": lambda: client.responses.create(model=MODEL, input="x", max_output_tokens=4).status,
        "responses_stream": responses_streamed,
        "models": lambda: [m.id for m in client.models.list()],
        "model": lambda: client.models.retrieve(MODEL).id,
        "tokenize": lambda: client.post("/tokenize", body={"model": MODEL, "prompt": "eight ch"}, cast_to=object)["count"],
        "rerank": lambda: sorted(r["index"] for r in client.post("/rerank", cast_to=object, body={
            "model": MODEL, "query": "x", "documents": ["a", "b", "c"]})["results"]),
        "transcription": lambda: client.audio.transcriptions.create(
            model=MODEL, file=("voice.wav", b"RIFF" + bytes(200_000))).text,
        "image": lambda: client.images.generate(model=MODEL, prompt="a weir").data[0].b64_json,
        "tools": lambda: chat(model=MODEL, messages=MESSAGES, tools=TOOLS).choices[0].message.tool_calls[0].function.name,
        "tools_stream": tools_streamed,
        "no_model": lambda: chat(model="", messages=MESSAGES),
        "no_messages": lambda: chat(model=MODEL, messages=[]),
        "no_route": lambda: OpenAI(base_url=url + "/nowhere", api_key="none", max_retries=0).models.list(),
        "too_large": lambda: chat(model=MODEL, messages=[{"role": "user", "content": "x" * 20000}]),
        "batch": lambda: chat(model=MODEL, messages=MESSAGES, extra_headers=BATCH),
    }


def anthropic_calls(url):
    from anthropic import Anthropic

    client = Anthropic(base_url=url, api_key="none", max_retries=0)
    create = client.messages.create

    def streamed():
        with client.messages.stream(model=MODEL, max_tokens=4, messages=MESSAGES) as stream:
            text = "".join(stream.text_stream)
            return {"text": text, "tokens": stream.get_final_message().usage.output_tokens}

    return {
        "message": lambda: create(model=MODEL, max_tokens=4, messages=MESSAGES).usage.output_tokens,
        "stream": streamed,
        "count": lambda: client.messages.count_tokens(model=MODEL, messages=MESSAGES).input_tokens,
        "no_model": lambda: create(model="", max_tokens=4, messages=MESSAGES),
        "no_messages": lambda: create(model=MODEL, max_tokens=4, messages=[]),
        "batch": lambda: create(model=MODEL, max_tokens=4, messages=MESSAGES, extra_headers=BATCH),
    }


def outcome(call):
    try:
        return {"value": call()}
    except Exception as error:  # noqa: BLE001 - whatever the client makes of an answer is the point
        told = {name: getattr(error, name, None) for name in ("status_code", "code", "param", "type", "request_id", "body")}
        return {"error": type(error).__name__, "message": str(error), **told}


def main():
    client, url, *names = sys.argv[1:]
    calls = openai_calls(url) if client == "openai" else anthropic_calls(url)
    print(json.dumps({name: outcome(calls[name]) for name in names}))


main()
