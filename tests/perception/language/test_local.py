from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from engram.perception.language.contract import LanguageError, Request
from engram.perception.language.local import LocalConfig, LocalModel

ASKED = Request("look.v1", "0" * 16, "be brief", ("mug pan",), {"type": "object"})
PAD, END = "<pad>", "<end>"
WORDS = [PAD, END, "be", "brief", "mug", "pan", "safe", "system", "user", "assistant"]
CHAT = "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}assistant"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Save a tiny random model whose words are those above."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    torch.set_num_threads(1)
    torch.manual_seed(0)
    made = tmp_path_factory.mktemp("model")
    words = Tokenizer(models.WordLevel({w: n for n, w in enumerate(WORDS)}, unk_token=PAD))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens = PreTrainedTokenizerFast(tokenizer_object=words, eos_token=END, pad_token=PAD)
    tokens.chat_template = CHAT
    tokens.save_pretrained(made)
    config = GPT2Config(vocab_size=len(WORDS), n_positions=32, n_embd=16, n_layer=1, n_head=2, eos_token_id=1)
    GPT2LMHeadModel(config).save_pretrained(made)
    return made


def end_with(model, *words):
    model._model.generation_config.eos_token_id = [WORDS.index(w) for w in words]


def test_a_model_answers_through_its_chat_template(folder):
    model = LocalModel(LocalConfig(str(folder), max_tokens=4))
    end_with(model, *WORDS)  # whatever comes first ends the answer
    reply = model.ask(ASKED)
    assert reply.text in WORDS
    # system be brief user mug pan assistant
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.attempts) == (7, 1, 1)
    assert model.ask(ASKED).text == reply.text


def test_without_a_chat_template_roles_are_words(folder):
    model = LocalModel(LocalConfig(str(folder), max_tokens=4))
    model._tokenizer.chat_template = None
    ids = model._encode(ASKED.again("pan", "safe"))["input_ids"][0].tolist()
    assert [WORDS[n] for n in ids if n] == ["be", "brief", "mug", "pan", "pan", "safe"]  # "System" is no word of it


def test_a_model_that_never_stops_is_cut_off(folder):
    model = LocalModel(LocalConfig(str(folder), max_tokens=5))
    model._model.generation_config.eos_token_id = 9999
    with pytest.raises(LanguageError) as caught:
        model.ask(ASKED)
    assert (caught.value.reason, caught.value.usage.completion_tokens) == ("too_long", 5)


def test_a_model_that_is_slow_is_stopped(folder):
    times = iter([0.0, 1.0, 2.0, 3.5, 9.0])
    model = LocalModel(LocalConfig(str(folder), max_tokens=20, timeout_secs=3.0), clock=lambda: next(times))
    model._model.generation_config.eos_token_id = 9999
    with pytest.raises(LanguageError) as caught:
        model.ask(ASKED)
    assert (caught.value.reason, caught.value.usage.completion_tokens) == ("timeout", 3)


def test_a_prompt_that_is_too_long_is_told(folder):
    model = LocalModel(LocalConfig(str(folder), max_tokens=10))
    with pytest.raises(LanguageError, match="27 tokens and 10") as caught:
        model.ask(Request("x.v1", "", "be brief", (" ".join(["mug"] * 22),), {}))
    assert caught.value.reason == "too_long"


def test_a_folder_without_weights_says_the_command(folder, tmp_path):
    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(LanguageError, match=f"hf download ID --local-dir {tmp_path}") as caught:
        LocalModel(LocalConfig(str(tmp_path)))
    assert caught.value.reason == "missing"


def test_a_model_of_the_hub_that_is_not_here_says_the_command(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(LanguageError, match="hf download nobody/nothing --local-dir DIR") as caught:
        LocalModel(LocalConfig("nobody/nothing"))
    assert "HF_HUB_OFFLINE is set" in str(caught.value)


@pytest.mark.parametrize("wrong", [{"model": ""}, {"timeout_secs": 0}, {"max_tokens": 0}])
def test_limits_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        LocalConfig(**{"model": "x", **wrong})
