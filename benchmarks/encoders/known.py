"""Well-known models: the string to write, what they are, and the shape that was measured for them."""

from dataclasses import dataclass

__all__ = ["KNOWN", "Known"]


@dataclass(frozen=True)
class Known:
    """One model.

    Attributes:
        write: the name to write in the settings.
        kinds: text, photo, sound: what it reads.
        family: in the table of families.
        dim: length of a vector.
        note: pooling, languages, prompts and settings, in few words.
        shape: of `benchmarks.encoders.measure`; "" where none of its size was measured.
    """

    write: str
    kinds: tuple[str, ...]
    family: str
    dim: int
    note: str
    shape: str = ""


def told(query: str, product: str = "") -> str:
    """Prompts that a model's folder does not hold, as settings."""
    given = [f'`text_query_prompt: "{query}"`'] + ([f'`text_product_prompt: "{product}"`'] if product else [])
    return "set " + ", ".join(given)


HUB, EYE, EAR = "sentence-transformers:", "transformers:", "transformers:"
TEXT, PHOTO, SOUND, BOTH = ("text",), ("photo",), ("sound",), ("photo", "text")
E5 = told("query: ", "passage: ")
BGE = "Represent this sentence for searching relevant passages: "
OPEN_CLIP = "extra `open_clip`"

KNOWN = (
    Known(
        "minilm", TEXT, "BERT", 384, "mean; English; its weights come in a package (extra `minilm`)", "minilm"
    ),
    Known(f"{HUB}sentence-transformers/all-mpnet-base-v2", TEXT, "MPNet", 768, "mean; English", "bert-base"),
    Known(
        f"{HUB}sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        TEXT,
        "BERT",
        384,
        "mean; 50 languages",
        "multilingual-small",
    ),
    Known(
        f"{HUB}intfloat/multilingual-e5-small",
        TEXT,
        "E5",
        384,
        f"mean; 100 languages; {E5}",
        "multilingual-small",
    ),
    Known(
        f"{HUB}intfloat/multilingual-e5-large",
        TEXT,
        "E5",
        1024,
        f"mean; 100 languages; {E5}",
        "xlm-roberta-large",
    ),
    Known(f"{HUB}BAAI/bge-base-en-v1.5", TEXT, "BGE", 768, f"first token; English; {told(BGE)}", "bert-base"),
    Known(
        f"{HUB}BAAI/bge-base-zh-v1.5",
        TEXT,
        "BGE",
        768,
        f"first token; Chinese; {told('为这个句子生成表示以用于检索相关文章：')}",
        "bert-base",
    ),
    Known(
        f"{HUB}BAAI/bge-m3", TEXT, "BGE", 1024, "first token; 100 languages; no prompts", "xlm-roberta-large"
    ),
    Known(f"{HUB}thenlper/gte-base", TEXT, "BERT", 768, "mean; English; no prompts", "bert-base"),
    Known(f"{HUB}Alibaba-NLP/gte-modernbert-base", TEXT, "GTE, ModernBERT", 768, "first token; English"),
    Known(
        f"{HUB}nomic-ai/nomic-embed-text-v1.5",
        TEXT,
        "Nomic, cut",
        768,
        f"mean; English; {told('search_query: ', 'search_document: ')}; may be cut (`text_dim`)",
        "bert-base",
    ),
    Known(
        f"{HUB}Qwen/Qwen3-Embedding-0.6B",
        TEXT,
        "Qwen3-Embedding",
        1024,
        "last token; 100 languages; its query prompt is in the folder; may be cut (`text_dim`)",
        "qwen3-0.6b",
    ),
    Known(
        f"{HUB}google/embeddinggemma-300m",
        TEXT,
        "EmbeddingGemma",
        768,
        "mean and two layers; 100 languages; prompts are in the folder; may be cut (`text_dim`)",
        "embeddinggemma",
    ),
    Known(f"{HUB}sentence-transformers/LaBSE", TEXT, "LaBSE", 768, "first token and a layer; 109 languages"),
    Known(
        f"{HUB}minishlab/potion-base-8M",
        TEXT,
        "Static",
        256,
        "a table of words, no network; English",
        "static",
    ),
    Known(
        "efficientnet_lite0",
        PHOTO,
        "EfficientNet-Lite0",
        1280,
        "ImageNet; its weights come in a package (extra `pretrained`)",
        "efficientnet",
    ),
    Known(f"{EYE}openai/clip-vit-base-patch32", BOTH, "CLIP", 512, "English", "clip-b32"),
    Known(
        f"{EYE}google/siglip-base-patch16-224",
        BOTH,
        "SigLIP",
        768,
        "English; words need sentencepiece",
        "siglip-b16",
    ),
    Known(
        f"{EYE}google/siglip2-base-patch16-224",
        BOTH,
        "SigLIP 2, one photo size",
        768,
        "100 languages; read in small letters",
        "siglip-b16",
    ),
    Known(f"{EYE}OFA-Sys/chinese-clip-vit-base-patch16", BOTH, "ChineseCLIP", 512, "Chinese", "vit-b16"),
    Known(f"{EYE}kakaobrain/align-base", BOTH, "ALIGN", 640, "English"),
    Known(f"{EYE}facebook/dinov2-small", PHOTO, "DINOv2", 384, "no labels were used", "dinov2-s14"),
    Known(f"{EYE}google/vit-base-patch16-224-in21k", PHOTO, "ViT", 768, "ImageNet-21k", "vit-b16"),
    Known(f"{EYE}microsoft/swin-tiny-patch4-window7-224", PHOTO, "Swin", 768, "ImageNet", "swin-tiny"),
    Known(f"{EYE}facebook/convnext-tiny-224", PHOTO, "ConvNeXt", 768, "ImageNet", "convnext-tiny"),
    Known(f"{EYE}microsoft/resnet-50", PHOTO, "ResNet", 2048, "ImageNet", "resnet-50"),
    Known(
        "open_clip:hf-hub:Marqo/marqo-ecommerce-embeddings-B", BOTH, "open_clip", 768, OPEN_CLIP, "vit-b16"
    ),
    Known("open_clip:hf-hub:Marqo/marqo-ecommerce-embeddings-L", BOTH, "open_clip", 1024, OPEN_CLIP),
    Known("open_clip:hf-hub:Marqo/marqo-fashionSigLIP", BOTH, "open_clip", 768, OPEN_CLIP, "vit-b16"),
    Known("open_clip:ViT-B-32/laion2b_s34b_b79k", BOTH, "open_clip", 512, OPEN_CLIP, "clip-b32"),
    Known("timm:vit_small_patch14_dinov2.lvd142m", PHOTO, "timm", 384, "extra `timm`; photos of 518 pixels"),
    Known("timm:convnext_tiny.fb_in22k", PHOTO, "timm", 768, "extra `timm`", "convnext-tiny"),
    Known(f"{EAR}laion/clap-htsat-unfused", ("sound", "text"), "CLAP", 512, "English", "clap"),
    Known(f"{EAR}MIT/ast-finetuned-audioset-10-10-0.4593", SOUND, "AST", 768, "AudioSet", "ast"),
    Known(f"{EAR}facebook/wav2vec2-base", SOUND, "wav2vec 2", 768, "speech", "wav2vec2-base"),
    Known(f"{EAR}facebook/hubert-base-ls960", SOUND, "HuBERT", 768, "speech", "wav2vec2-base"),
    Known(f"{EAR}microsoft/wavlm-base-plus", SOUND, "WavLM", 768, "speech"),
)
