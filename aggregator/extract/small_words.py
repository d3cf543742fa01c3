"""The words that stand everywhere in a language: its articles, prepositions, pronouns, forms of to be and to have."""

from __future__ import annotations

_WRITTEN = {
    "ar": """
        في من على أن إلى التي الذي هذا هذه عن مع كان ما لا بعد بين قد
    """,
    "ca": """
        de la el i que en els les a per un una del amb no és al van dels es ha més va com o
    """,
    "de": """
        der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an aus er hat dass
        sie nach wird bei einer um am sind noch wie einem über so zum war haben nur oder aber vor zur bis wurde wir
        da worden was
    """,
    "el": """
        και το η της του να την με που από για οι τα των στο σε τον θα στην δεν είναι τους τις ο στη
    """,
    "en": """
        the of and to in a is that for on with as was by it at from are be this have an not which has but were he
        they their his who will we or had been its one more she all there when would you no so also over do us if up
        out about could can than into may other me my any some our co per non come plus
    """,
    "es": """
        de la que el en y los se del las un por con no una su para es al lo como más pero sus le ha este sin sobre
        esta entre cuando fue también hasta han hay donde desde nos ser son si
    """,
    "fr": """
        de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec son ou
        aux ont cette sa nous on ces leur mais été elle ils vous était y si non entre an nos à d l qu n s c
    """,
    "it": """
        di e il la che in a per un è del non una i le si con da della sono al dei nel lo alla ha come più gli delle
        anche ma dal o nella se ai su degli l d dell all questo hanno
    """,
    "nl": """
        de van het een en in is dat op te zijn met voor die niet aan er om ook als dan maar bij door naar uit nog
        worden of deze heeft wordt hebben over tot was
    """,
    "pl": """
        w i na z się do nie że to o jest po od za jak ale przez są co dla tym oraz czy tylko już przy
    """,
    "pt": """
        de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à seu sua ou
        quando nos já também pelo pela até isso são
    """,
    "ru": """
        в и не на что с по как из у за от о для к это его но они он до был при мы так же только или
    """,
    "tr": """
        ve bir bu da de için ile olarak çok daha en gibi olan kadar sonra ne her var olduğu ama ise göre
    """,
}
SMALL_WORDS = {language: frozenset(words.split()) for language, words in _WRITTEN.items()}
"""By language, ISO 639-1; a word that is also frequent in another one, such as *per* in English, is in both."""
ALL_SMALL_WORDS = frozenset[str]().union(*SMALL_WORDS.values())
