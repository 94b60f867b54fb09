"""Language models: one contract, a client of OpenAI-compatible servers, models of this process, prompts as files."""
