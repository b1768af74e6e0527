// Calls of the official JavaScript client, as python_calls.py: node_calls.mjs URL NAME…
import OpenAI from "openai";

const [url, ...names] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url + "/v1", apiKey: "none", maxRetries: 0 });
const model = "weir-sim";
const messages = [{ role: "user", content: "Say hello." }];

async function streamed() {
  let text = "";
  for await (const chunk of await client.chat.completions.create({ model, messages, max_tokens: 4, stream: true })) {
    text += chunk.choices[0]?.delta?.content ?? "";
  }
  return text;
}

const calls = {
  chat: async () => (await client.chat.completions.create({ model, messages, max_tokens: 4 })).usage.completion_tokens,
  stream: streamed,
  embeddings: async () => (await client.embeddings.create({ model, input: ["a", "b"] })).data.length,
  responses: async () => (await client.responses.create({ model, input: "x", max_output_tokens: 4 })).status,
  no_model: () => client.chat.completions.create({ model: "", messages }),
  no_messages: () => client.chat.completions.create({ model, messages: [] }),
  batch: () =>
    client.chat.completions.create({ model, messages }, { headers: { "x-llm-d-inference-objective": "batch" } }),
};

const outcomes = {};
for (const name of names) {
  try {
    outcomes[name] = { value: await calls[name]() };
  } catch (error) {
    const { status, code, param, type, requestID, message } = error;
    outcomes[name] = { error: error.constructor.name, status_code: status, code, param, type, request_id: requestID, message };
  }
}
console.log(JSON.stringify(outcomes));
