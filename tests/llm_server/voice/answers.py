"""Answers as large models write them, and what is heard of them."""

RECIPE = (
    """\
# 🥞 Fluffy Pancakes

Sure! Here's my **favourite** recipe — it takes *about* 20 minutes.

## Ingredients

- 200 g flour
- 2 eggs 🥚
- 1½ cups of milk (3.5 % fat)
- A pinch of salt

## Steps

1. **Mix** the flour and the salt in a bowl.
2. **Whisk** the eggs with the milk
   - don't over-mix!
3. Fry for 2–3 minutes at 180 °C.

---

> **Tip:** Serve with maple syrup.

Enjoy! 😋🍁
""",
    """\
Fluffy Pancakes.

Sure! Here's my favourite recipe — it takes about 20 minutes.

Ingredients.

200 g flour.
2 eggs.
1½ cups of milk (3.5 % fat).
A pinch of salt.

Steps.

1. Mix the flour and the salt in a bowl.
2. Whisk the eggs with the milk.
   don't over-mix!
3. Fry for 2–3 minutes at 180 °C.

Tip: Serve with maple syrup.

Enjoy!\x20
""",
)

TRIP = (
    """\
Gerne! Hier sind zwei **Züge** nach *München*:

| Abfahrt | Ankunft | Preis   |
|:--------|:-------:|--------:|
| 10:30   | 14:05   | 39,90 € |
| 12:30   | 16:05   | **29 €** |

Buchen können Sie auf [bahn.de](https://www.bahn.de/buchung?von=Berlin&nach=M%C3%BCnchen) oder
unter https://int.bahn.de/de. Am 3. Oktober gilt der Feiertagsfahrplan[1].

[1]: https://www.bahn.de/fahrplan
""",
    """\
Gerne! Hier sind zwei Züge nach München:

Abfahrt, Ankunft, Preis.
10:30, 14:05, 39,90 €.
12:30, 16:05, 29 €.

Buchen können Sie auf bahn.de oder
unter int.bahn.de. Am 3. Oktober gilt der Feiertagsfahrplan.

""",
)

CODE = (
    """\
<think>
The user wants to read a file. I'd use `open`.

```python
</think>

To read a file in Python, use `with open(path) as file:`, like this:

```python
# Not a heading
with open("notes.txt") as file:
    print(file.read())
```

It calls `__enter__` and `__exit__` for you. Note that `2 ** 10` is \\(1024\\) &mdash; see the
[docs](https://docs.python.org/3/reference/datamodel.html#object.__enter__ "Data model").
""",
    """\
To read a file in Python, use with open(path) as file:, like this:

It calls __enter__ and __exit__ for you. Note that 2 ** 10 is 1024 — see the
docs.
""",
)

NEWS = (
    """\
**Resumen del día** 📰

1) **Economía**: el IBEX sube un 1,2 %【3†source】
2) **Tiempo**: lluvia en Galicia ☔, 14 °C ([AEMET](https://www.aemet.es))
3) ***¡Última hora!*** ¿Habrá huelga?

¿Quiere saber más? \ue200cite\ue202turn0news3\ue201
""",
    """\
Resumen del día\x20

1) Economía: el IBEX sube un 1,2 %.
2) Tiempo: lluvia en Galicia, 14 °C (AEMET).
3) ¡Última hora! ¿Habrá huelga?

¿Quiere saber más?\x20
""",
)

ADVICE = (
    """\
### 如何学好中文？

**第一步**：每天练习😊。

* 听*音乐*
* 看[电影](https://example.com/电影)
* 用`Anki`记单词

记住：**「坚持」**最重要！【重要】
""",
    """\
如何学好中文？

第一步：每天练习。

听音乐。
看电影。
用Anki记单词。

记住：「坚持」最重要！【重要】
""",
)

GREETING = (
    """\
سلام! 👋 **خوش‌آمدید** به فروشگاهِ ما:

- ساعت کار: ۹ تا ۱۸
- _نشانی_: خیابان ولی‌عصر، پلاک ۱۲
""",
    """\
سلام! خوش‌آمدید به فروشگاهِ ما:

ساعت کار: ۹ تا ۱۸.
نشانی: خیابان ولی‌عصر، پلاک ۱۲.
""",
)

ANSWERS = {
    "recipe": RECIPE,
    "trip": TRIP,
    "code": CODE,
    "news": NEWS,
    "advice": ADVICE,
    "greeting": GREETING,
}
