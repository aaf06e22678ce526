# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""transformers, its Trainer, and PEFT with analog layers."""

import copy

import mho.torch as mt
import pytest
import torch
from torch import nn

import mho

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")


def bert(layers=2):
    torch.manual_seed(3)
    config = transformers.BertConfig(
        hidden_size=32, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=48, vocab_size=40,
        num_labels=2, max_position_embeddings=16, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )
    return transformers.BertForSequenceClassification(config)


def sentences(count=256, seed=0):
    """The label says whether token 5 is there."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(6, 40, (count, 8), generator=generator)
    labels = torch.arange(count) % 2
    ids[labels == 1, 3] = 5
    return [{"input_ids": i, "labels": y} for i, y in zip(ids, labels)]


def analog_bert(**changes):
    model = mt.convert(bert(), mho.preset("standard").replace(**changes), exclude=["classifier"], seed=2)
    batch = {"input_ids": torch.stack([s["input_ids"] for s in sentences()])}
    return mt.calibrate(model, [batch])


def accuracy(model):
    ids = torch.stack([s["input_ids"] for s in sentences(seed=1)])
    labels = torch.stack([s["labels"] for s in sentences(seed=1)])
    with torch.no_grad():
        return float((model.eval()(input_ids=ids).logits.argmax(1) == labels).float().mean())


def arguments(folder, **changes):
    options = {
        "output_dir": str(folder), "per_device_train_batch_size": 16, "num_train_epochs": 6, "learning_rate": 3e-2,
        "use_cpu": True, "report_to": [], "save_strategy": "no", "logging_strategy": "no", "disable_tqdm": True,
        "seed": 1,
    }
    return transformers.TrainingArguments(**{**options, **changes})


def largest(model):
    return max(float(layer.tile_weight.detach().abs().max()) for _, layer in mt.analog_layers(model))


def test_the_trainer_with_an_attached_optimizer(tmp_path):
    pytest.importorskip("accelerate")
    model = analog_bert(modifier__kind="additive normal", modifier__std=0.03, clip__value=0.9, remap__kind="none")
    before = accuracy(model)
    optimizer = mt.attach(torch.optim.AdamW(model.parameters(), lr=3e-2), model)
    trainer = transformers.Trainer(
        model=model, args=arguments(tmp_path), train_dataset=sentences(), optimizers=(optimizer, None)
    )
    assert torch.isfinite(torch.tensor(trainer.train().training_loss))
    assert accuracy(model) > max(before, 0.9)
    # Without post_step the clip of the hardware would not have acted.
    assert largest(model) <= 0.9 + 1e-6


@pytest.mark.parametrize("options", [{}, {"gradient_checkpointing": True}, {"bf16": True}])
def test_the_trainer_of_mho(tmp_path, options):
    pytest.importorskip("accelerate")
    from mho.torch.trainer import AnalogTrainer

    model = analog_bert(clip__value=0.9, remap__kind="none")
    trainer = AnalogTrainer(model=model, args=arguments(tmp_path, **options), train_dataset=sentences())
    trainer.train()
    assert accuracy(model) > 0.9 and largest(model) <= 0.9 + 1e-6
    trainer.save_model(str(tmp_path / "saved"))
    again = analog_bert(clip__value=0.9, remap__kind="none")
    from safetensors.torch import load_file

    again.load_state_dict(load_file(tmp_path / "saved" / "model.safetensors"))
    mt.set_step(mt.program(model), 1)
    mt.set_step(mt.program(again.eval()), 1)
    ids = torch.stack([s["input_ids"] for s in sentences(8, 4)])
    # The Trainer leaves its mixed precision in the model.
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled="bf16" in options):
        assert torch.equal(model(input_ids=ids).logits.float(), again(input_ids=ids).logits.float())


def test_a_teacher_in_the_trainer(tmp_path):
    pytest.importorskip("accelerate")
    from mho.torch.trainer import AnalogTrainer

    teacher = bert()
    transformers.Trainer(model=teacher, args=arguments(tmp_path, learning_rate=3e-3),
                         train_dataset=sentences()).train()
    assert accuracy(teacher) > 0.9
    model = mt.convert(bert(), "standard", exclude=["classifier"])
    # Labels that say nothing: all that can be learned comes from the teacher.
    silent = [{**s, "labels": torch.tensor(0)} for s in sentences()]
    trainer = AnalogTrainer(model=model, args=arguments(tmp_path), train_dataset=silent, teacher=teacher)
    trainer.train()
    assert accuracy(model) > 0.9
    assert not any(p.requires_grad for p in teacher.parameters())


def test_peft_on_a_frozen_analog_base(tmp_path):
    peft = pytest.importorskip("peft")
    from mho.torch.peft import analog_adapters

    config = lambda: analog_adapters(
        peft.LoraConfig(r=4, lora_alpha=16, target_modules=["query", "value", "dense"], task_type="SEQ_CLS")
    )
    base = analog_bert()
    reference = copy.deepcopy(base)
    model = peft.get_peft_model(base, config())
    learned = [n for n, p in model.named_parameters() if p.requires_grad]
    assert learned and all("lora_" in n or "classifier" in n for n in learned)
    ids = torch.stack([s["input_ids"] for s in sentences(8)])
    for m in (reference, model):
        mt.set_step(m.eval(), 1)
    assert torch.equal(model(input_ids=ids).logits, reference(input_ids=ids).logits)
    mt.set_step(model, None)
    frozen = {n: p.clone() for n, p in base.named_parameters() if "tile_weight" in n}
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-3)
    batch = {k: torch.stack([s[k] for s in sentences()]) for k in ("input_ids", "labels")}
    model.train()
    for _ in range(40):
        optimizer.zero_grad()
        model(**batch).loss.backward()
        optimizer.step()
    assert accuracy(model) > 0.9
    assert all(torch.equal(p, frozen[n]) for n, p in base.named_parameters() if n in frozen)
    # Saved, loaded beside the same base, the same numbers.
    model.save_pretrained(tmp_path)
    loaded = peft.PeftModel.from_pretrained(
        copy.deepcopy(reference), tmp_path, config=analog_adapters(peft.LoraConfig.from_pretrained(tmp_path))
    )
    for m in (model, loaded):
        mt.set_step(m.eval(), 5)
    expected = model(input_ids=ids).logits
    assert torch.equal(loaded(input_ids=ids).logits, expected)


def test_peft_merges_and_goes_back():
    peft = pytest.importorskip("peft")
    from mho.torch.peft import analog_adapters

    exact = mho.preset("floating_point").replace(input_range__enabled=False)
    base = mt.convert(bert(), exact, exclude=["classifier"])
    model = peft.get_peft_model(base, analog_adapters(peft.LoraConfig(r=2, target_modules=["query", "output.dense"])))
    for name, p in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(p, std=0.1)
    model.eval()
    ids = torch.stack([s["input_ids"] for s in sentences(8)])
    before = model(input_ids=ids).logits
    model.merge_adapter()
    torch.testing.assert_close(model(input_ids=ids).logits, before, rtol=1e-3, atol=1e-4)
    model.unmerge_adapter()
    assert torch.equal(model(input_ids=ids).logits, before)
    plain = mt.to_digital(model.merge_and_unload())
    torch.testing.assert_close(plain(input_ids=ids).logits, before, rtol=1e-3, atol=1e-4)
    assert not [m for m in plain.modules() if isinstance(m, mt.AnalogLinear)]


@pytest.mark.parametrize("backend", ["core", "torch"])
def test_transformers_compile_without_graph_breaks(backend):
    config = transformers.GPT2Config(n_layer=1, n_head=2, n_embd=16, vocab_size=30, n_positions=16, use_cache=False)
    model = transformers.GPT2LMHeadModel(config).eval()
    ids = torch.randint(0, 30, (2, 7))
    analog = mt.calibrate(mt.convert(model, "light", backend=backend), [{"input_ids": ids}]).eval()
    compiled = torch.compile(lambda i: analog(input_ids=i).logits, fullgraph=True, backend="aot_eager")
    got = compiled(ids)
    if backend == "core":
        mt.set_step(analog, 3)
        torch.testing.assert_close(compiled(ids), analog(input_ids=ids).logits)
    assert torch.isfinite(got).all()
