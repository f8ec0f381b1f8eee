"""Filler words by language: what people type around the words they search for, folded.

Short on purpose: a word that names something in another of these languages stays out (German `war`, Dutch
`hat`), as do those that begin the name of a technology (`go`, `c`).
"""

from collections.abc import Iterable

_WORDS = {
    "en": """
        a about all an and any are as at be been best by can course courses could did do does for
        from get give had has have how i if in into is it its just learn lesson lessons make me my
        need of on or our show so some teach than that the their them there these they this those to
        tutorial tutorials us use using want was way we were what when where which who why will with
        would you your vs whats im
    """,
    "de": """
        aber alle als am an auf aus bei beim das dass dem den der des die diese dieser dieses durch
        ein eine einem einen einer eines er es fur gegen gibt hast haben ich ihr im in ist kann kein
        keine konnen kurs kurse lerne lernen mache machen macht man mein meine mich mir mit nach
        nicht oder sein sich sie sind uber um und uns unser vom von vor wann warum was welche
        welcher welches wenn wer werden wie wird wir wo zu zum zur
    """,
    "fr": """
        a ai apprendre au aux avec avoir ce ces cet cette comment cours dans de des du elle en est
        et etre faire fait il ils je la le les leur ma me mes mon nos notre nous on ou par pas peut
        plus pour pourquoi qu quand que quel quelle qui sa se ses si son sont sur ta tes ton tu un
        une vos votre vous y
    """,
    "es": """
        a al aprender como con cual cuando curso cursos de del donde el ella en es esta este estos
        hacer hago hay la las le lo los mas me mi mis no nos o para pero por porque puedo que quien
        se ser si sin sobre son su sus te tu un una unas unos y ya yo
    """,
    "pt": """
        a ao aos aprender as com como curso cursos da das de do dos e ela ele em entre essa esse
        esta este eu faco fazer isso mais me meu minha na nao nas no nos o os ou para pela pelo por
        porque posso qual quando que quem se sem ser seu sua um uma
    """,
    "it": """
        a ai al alla alle anche che chi ci come con corsi corso cosa d da dal dalla dei del della
        delle di dove e ed fare fra gli ho i il in l la le lo ma mi mia mio ne nei nel nella non o
        per perche piu posso quale quando questa questo se si sono su sul sulla tra un una uno vi
    """,
    "nl": """
        aan al als bij cursus cursussen dan dat de deze die dit doe doen door een en er ga haar heb
        hebben het hij hoe ik in is kan kun leer leren maak maken me met mijn naar niet nog of om
        onder ons ook op over te tot uit van veel voor waar waarom wat we welke wie wij wil worden
        ze zelf zich zij zijn zo zonder
    """,
}  # fmt: skip
_BY_LANGUAGE = {language: frozenset(words.split()) for language, words in _WORDS.items()}


def without(units: tuple[str, ...], languages: Iterable[str]) -> tuple[str, ...]:
    """Drop the filler words of `languages`; if nothing would be left, keep them all."""
    fillers = frozenset().union(*(_BY_LANGUAGE.get(language, frozenset()) for language in languages))
    return tuple(unit for unit in units if unit.replace("'", "") not in fillers) or units
