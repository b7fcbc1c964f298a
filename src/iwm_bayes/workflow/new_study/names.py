"""What the names of columns say, in English, German, Spanish, French and Dutch.

`NAME_PATTERNS` holds words by role. Accents and case do not count, and `*` means any letters. A name is cut into
words where it has a sign, a digit, or a capital letter after a small one.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

NAME_PATTERNS: Mapping[str, tuple[str, ...]] = {
    "person": (
        *("person", "participant*", "patient*", "client*", "subject", "subjects", "subj", "sub", "respondent*"),
        *("pid", "klient*", "proband*", "versuchsperson*", "teilnehmer*", "vp", "vpn", "paciente*"),
        *("participante*", "sujeto*", "persona", "cliente*", "sujet", "sujets", "personne", "deelnemer*"),
        *("proefpersoon*", "ppn"),
    ),
    "code": ("id", "ids", "code", "case", "case id", "child", "user", "kode", "codigo", "chiffre", "pseudonym*"),
    "session": (
        *("session*", "visit*", "trial", "trials", "appointment*", "encounter*", "occasion*", "round", "rounds"),
        *("wave", "week", "time point", "measurement*", "event", "sitzung*", "termin*", "besuch*", "runde"),
        *("welle", "woche", "zeitpunkt", "messzeitpunkt*", "sesion*", "visita*", "ensayo", "semana", "ronda"),
        *("seance*", "visite*", "semaine", "essai", "consultation*", "sessie*", "bezoek*", "afspraak*", "meting*"),
        *("ronde",),
    ),
    "time": (
        *("time", "date", "dates", "day", "days", "week", "weeks", "month", "months", "when", "timestamp"),
        *("date time", "*datum", "tag", "tage", "zeit", "woche", "monat", "fecha", "hora", "dia", "dias", "semana"),
        *("mes", "jour", "jours", "heure", "temps", "semaine", "mois", "dag", "dagen", "tijd", "maand"),
    ),
    "figure": (
        *("figure*", "attachment figure*", "partner*", "therapist*", "caregiver*", "who", "with", "target"),
        *("trustee", "counterpart*", "other person", "therapeut*", "bezugsperson*", "bindungsperson*", "wer"),
        *("mit", "terapeut*", "figura*", "cuidador*", "quien", "figure d attachement", "qui", "avec"),
        *("partenaire*", "pareja", "behandelaar*", "hulpverlener*", "hechtingsfiguur"),
    ),
    "expected": ("expect*", "predict*", "erwart*", "expectativa*", "attente*", "verwacht*"),
    "perceived": ("perceived", "perception", "wahrgenommen*", "percibid*", "percu*", "waargenomen"),
    "worth": (
        *("worth", "self worth", "self esteem", "esteem", "self image", "confident", "confidence", "lovable"),
        *("rses", "rosenberg", "selbstwert*", "selbstvertrauen", "selbstbild", "liebenswert", "autoestima"),
        *("estime de soi", "estime", "eigenwaarde", "zelfwaardering", "zelfvertrouwen", "zelfbeeld"),
    ),
    "worth_reversed": (
        *("shame*", "worthless*", "self doubt", "scham*", "wertlos*", "selbstzweifel", "verguenza", "honte"),
    ),
    "availability": (
        *("availab*", "trust*", "closeness", "close", "alliance", "wai", "bond", "reliab*", "felt security"),
        *("verfugbar*", "vertrau*", "nahe", "naehe", "geborgen*", "allianz", "confianza", "cercania", "disponib*"),
        *("alianza", "confiance", "proximite", "vertrouwen", "beschikbaar*", "nabijheid", "alliantie"),
    ),
    "availability_reversed": (
        *("harm", "mistrust*", "distrust*", "hostil*", "reject*", "distance", "lonel*", "abandon*", "misstrau*"),
        *("feindselig*", "ablehnung*", "distanz", "einsam*", "desconfianza", "rechazo", "distancia", "soledad"),
        *("mefiance", "rejet", "solitude", "wantrouwen", "afwijzing", "afstand", "eenzaam*"),
    ),
    "approach": (
        *("approach*", "came", "attended", "attendance", "reach out", "reached out", "turned to", "disclos*"),
        *("annaherung", "annaeherung", "anwesend", "erschienen", "gekommen", "kam", "acercamiento", "acudio"),
        *("asistio", "asistencia", "approche*", "venu", "present", "toenadering", "gekomen", "aanwezig"),
    ),
    "choice": ("choice", "choices", "chose", "decision", "wahl", "entscheidung", "eleccion", "choix", "keuze"),
    "dropout": ("dropout*", "drop out", "dropped out", "left", "quit", "discontinued", "abbruch", "abandono", "uitval"),
    "symptom": ("symptom*", "depress*", "phq", "bdi", "gad", "bsi", "scl", "sintoma*", "klachten"),
    "seek": ("seek*", "sought", "turns to"),
    "bid": ("bid", "bids"),
    "invest": ("invest*", "amount", "einsatz", "inversion", "inleg"),
    "distress": ("distress*", "need", "needs", "belastung*", "malestar", "detresse", "nood"),
    "threat": ("threat*", "frighten*", "bedroh*", "amenaza*", "menace*", "bedreig*"),
    "outcome": (
        *("outcome*", "responsive*", "reciproc*", "reward*", "feedback", "observed", "helpful*", "helped"),
        *("support*", "empath*", "sensitiv*", "attun*", "einfuhlsam*", "einfuehlsam*", "empatic*", "empatia"),
        *("fair", "fairness", "returned", "repaid", "responsiv*", "feinfuhlig*", "feinfuehlig*", "hilfreich*"),
        *("unterstutz*", "unterstuetz*", "belohnung", "ergebnis", "receptiv*", "recompensa", "resultado", "ayuda*"),
        *("apoyo", "recompense", "resultat", "soutien", "aidant*", "beloning", "uitkomst", "steun", "behulpzaam*"),
    ),
    "arm": (
        *("arm", "group", "condition", "treatment", "treated", "intervention", "gruppe", "bedingung", "behandlung"),
        *("grupo", "condicion", "tratamiento", "groupe", "traitement", "groep", "conditie", "behandeling"),
    ),
    "cluster": (
        *("therapist*", "clinic*", "dyad*", "couple*", "famil*", "paar", "pareja", "site", "ward", "centre"),
        *("center", "team", "therapeut*", "terapeut*", "klinik*", "station", "praxis", "clinica", "clinique"),
        *("kliniek", "behandelaar*"),
    ),
    "question": ("question*", "item", "items", "scale", "variable", "probe", "frage*", "pregunta*", "vraag*"),
    "rating": ("rating*", "score*", "answer*", "value", "slider", "bewertung*", "antwort*", "wert", "valor", "reponse"),
}
FILLERS: Mapping[str, tuple[str, ...]] = {  # words that may stand next to those of a role and change nothing
    "person": (
        "id",
        "ids",
        "code",
        "nr",
        "no",
        "num",
        "number",
        "nummer",
        "numero",
        "name",
        "key",
        "anon*",
        "study",
        "idx",
        "index",
    ),
    "session": (
        *("id", "nr", "no", "num", "number", "nummer", "numero", "nombre", "index", "idx", "count", "n", "in", "run"),
        *("de", "del", "of", "the"),
    ),
    "time": (*NAME_PATTERNS["session"], "of", "the", "de", "del", "la", "in", "since", "start"),
    "figure": ("id", "code", "name", "nr", "no", "met", "type", "of", "the", "de"),
    "answers": (
        *(
            "rating*",
            "score*",
            "response",
            "resp",
            "answer*",
            "item",
            "scale",
            "mean",
            "value",
            "level",
            "felt",
            "self",
        ),
        *("report*", "bewertung*", "wert", "skala", "puntuacion", "valor", "escala", "note", "echelle", "schaal", "in"),
        *(
            "of",
            "the",
            "to",
            "de",
            "la",
            "el",
            "le",
            "my",
            "intent",
            "likert",
            "vas",
            "session",
            "patient",
            "therapist",
        ),
    ),
}
ANSWER_ROLES = (  # of columns of answers, what is more particular first
    *("expected", "perceived", "worth", "worth_reversed", "availability_reversed", "availability", "approach"),
    *("dropout", "symptom", "seek", "bid", "invest", "distress", "threat", "outcome"),
)


def name_words(name: str) -> str:
    """Return the words of a column's name, without accents, in small letters, with a space between two."""
    letters = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    spaced = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+|(?<=[a-z])(?=[A-Z])", " ", plain)
    return " ".join(word for word in spaced.casefold().split() if not word.isdigit())


@cache
def name_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Compile patterns of whole words; two words may be written as one."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest_first).replace('*', r'\w*').replace(' ', ' ?')})\b")


def name_score(name: str, role: str, fillers: Iterable[str] = ()) -> float:
    """Return the share of a name's letters that words of a role, or words that change nothing, account for.

    1 is a name that says this role and nothing else; 0 is a name without any word of the role.
    """
    words = name_words(name)
    found = name_pattern(NAME_PATTERNS[role]).findall(words)
    if not found:
        return 0.0
    rest = name_pattern(NAME_PATTERNS[role]).sub(" ", words)
    rest = name_pattern(tuple(fillers)).sub(" ", rest) if fillers else rest
    letters = len(words.replace(" ", ""))
    return 1.0 - len(rest.replace(" ", "")) / letters


def answer_role(name: str) -> tuple[str, float]:
    """Return the role among `ANSWER_ROLES` that a name says best, and its score; "" and 0 where it says none."""
    scores = {role: name_score(name, role, FILLERS["answers"]) for role in ANSWER_ROLES}
    best = max(scores, key=lambda role: scores[role])
    return (best, scores[best]) if scores[best] > 0 else ("", 0.0)
