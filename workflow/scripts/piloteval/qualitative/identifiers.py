r"""Identifiers that are known by their form: addresses, telephone numbers, ids, dates, rooms, case numbers, plates.

Two layers. Forms made of figures and signs are looked for in every language, since people write the numbers of other
countries too. Forms made of words are looked for with the tables of the text's own language in `LANGUAGES`; a language
without tables gets those of English.

To add a language, add a `Words` to `LANGUAGES` under its two-letter code. Every field is a piece of a regular
expression with ``|`` between the words and a blank for a blank; letter case does not matter, except for what stands
inside ``(?-i:...)``. A field left empty is looked for nowhere, so a language may begin with its months and feasts.

The search runs on a plain view of the text, made by `deidentify`: figures are 0-9, dashes are ``-``, apostrophes are
``'``, a run of blanks is one blank, and there are no invisible characters.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Words:
    """The words of a language that make an identifier; every field is alternatives of a regular expression.

    Attributes
    ----------
    months, short_months : str
        Names of months; short ones are read only next to a day or a year.
    weekdays, feasts : str
        Days of the week with their short forms; feasts, which count as a date when a year follows.
    numbers : str
        Cardinal numbers from 1 to 99 in words.
    days : str
        Days of a month in words, as the language says them in a date.
    years : str
        Years from 1940 to 2039 in words.
    ordinal : str
        What may follow the figure of a day: ``.``, ``th``, ``er``.
    joint : str
        What may stand between day, month and year, with the blank behind it: ``of ``, ``de ``.
    article : str
        What may stand between weekday and day, likewise: ``the ``, ``den ``.
    until : str
        What stands between two days of one month: ``and``, ``to``.
    at_day : str
        What stands before a day and month in figures without a year: ``on``, ``am``.
    in_year : str
        What stands before a year, so that it is no amount: ``in``, ``since``.
    digits : str
        The figures 0 to 9 as they are said in a telephone number.
    zero : str
        The words for 0.
    phone, extension, number, case, room, plate : str
        Words before a number: a telephone, an extension, an id of a person, a case or file, a room, a licence plate.
    about : str
        Words before an amount: ``about``, ``more than``.
    at, dot : str
        The signs of an e-mail address as they are said.
    month_first : bool
        Whether the month may stand before the day: ``October 14th``.
    """

    months: str = ""
    short_months: str = ""
    weekdays: str = ""
    feasts: str = ""
    numbers: str = ""
    days: str = ""
    years: str = ""
    ordinal: str = ""
    joint: str = ""
    article: str = ""
    until: str = ""
    at_day: str = ""
    in_year: str = ""
    digits: str = ""
    zero: str = ""
    phone: str = ""
    extension: str = ""
    number: str = ""
    case: str = ""
    room: str = ""
    plate: str = ""
    about: str = ""
    at: str = ""
    dot: str = ""
    month_first: bool = False


_DE_ONES = "(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)"
_DE_TEENS = "zehn|elf|zwölf|dreizehn|vierzehn|fünfzehn|sechzehn|siebzehn|achtzehn|neunzehn"
_DE_TENS = "(?:zwanzig|drei(?:ß|ss)ig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig)"
_DE_NUMBERS = f"(?:{_DE_ONES}und)?{_DE_TENS}|{_DE_TEENS}|eins|zwo|zwei|drei|vier|fünf|sechs|sieben|acht|neun"
_EN_ONES = "one|two|three|four|five|six|seven|eight|nine"
_EN_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_EN_TENS = "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_EN_NUMBERS = f"{_EN_TENS}(?:[ -](?:{_EN_ONES}))?|{_EN_TEENS}|{_EN_ONES}"
_NL_ONES = "(?:één|een|twee|drie|vier|vijf|zes|zeven|acht|negen)"
_NL_TEENS = "tien|elf|twaalf|dertien|veertien|vijftien|zestien|zeventien|achttien|negentien"
_NL_TENS = "(?:twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig)"
_NL_NUMBERS = f"(?:{_NL_ONES}[eë]n)?{_NL_TENS}|{_NL_TEENS}|één|twee|drie|vier|vijf|zes|zeven|acht|negen"
_FR_ONES = "un|deux|trois|quatre|cinq|six|sept|huit|neuf"
_FR_TEENS = "dix[ -](?:sept|huit|neuf)|dix|onze|douze|treize|quatorze|quinze|seize"
_FR_TENS = "(?:vingt|trente|quarante|cinquante|soixante|septante|huitante|octante|nonante|quatre[ -]vingts?)"
_FR_NUMBERS = (
    f"{_FR_TENS}[ -](?:et[ -])?(?:{_FR_TEENS}|{_FR_ONES})|{_FR_TENS}|{_FR_TEENS}|"
    "deux|trois|quatre|cinq|six|sept|huit|neuf"
)
_PT_ONES = "um|dois|duas|três|tres|quatro|cinco|seis|sete|oito|nove"
_PT_TEENS = (
    "dez|onze|doze|treze|catorze|quatorze|quinze|dezasseis|dezesseis|dezassete|dezessete|dezoito|dezanove|dezenove"
)
_PT_TENS = "(?:vinte|trinta|quarenta|cinquenta|sessenta|setenta|oitenta|noventa)"
_PT_NUMBERS = f"{_PT_TENS}(?: e (?:{_PT_ONES}))?|{_PT_TEENS}|dois|duas|três|quatro|cinco|seis|sete|oito|nove"
_ES_ONES = "uno|un|dos|tres|cuatro|cinco|seis|siete|ocho|nueve"
_ES_TEENS = (
    "diez|once|doce|trece|catorce|quince|diecis[eé]is|diecisiete|dieciocho|diecinueve|veinti(?:uno|ún|d[oó]s|tr[eé]s|"
    "cuatro|cinco|s[eé]is|siete|ocho|nueve)|veinte"
)
_ES_TENS = "(?:treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa)"
_ES_NUMBERS = f"{_ES_TENS}(?: y (?:{_ES_ONES}))?|{_ES_TEENS}|dos|tres|cuatro|cinco|seis|siete|ocho|nueve"


LANGUAGES: dict[str, Words] = {
    "de": Words(
        months="januar|jänner|jaenner|februar|feber|märz|maerz|april|mai|juni|juno|juli|august|september|oktober|"
        "november|dezember",
        short_months="jan|jän|feb|mär|mrz|apr|jun|jul|aug|sept|sep|okt|nov|dez",
        weekdays="montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|mo|di|mi|do|fr|sa|so",
        feasts="weihnacht(?:en|s)?|heilig(?:er |en |em )?abend|christtag|stefanitag|stephanitag|(?:erste[rnm]?|"
        "zweite[rnm]?|1\\.|2\\.) "
        "weihnachts(?:feier)?tag|weihnachts(?:feier)?tag|weihnachtsabend|silvester(?:abend|nacht)?|sylvester|"
        "neujahr(?:stag)?|"
        "(?:heilige[n]? )?drei ?königs?(?:tag)?|dreikönigstag|dreikönige|epiphanias|lichtmess|"
        "maria lichtmess|fasching|karneval|"
        "weiberfastnacht|fas(?:t)?nacht|rosenmontag|faschings(?:dienstag|montag|sonntag|samstag)|"
        "aschermittwoch|palmsonntag|palmsamstag|"
        "gründonnerstag|karfreitag|karsamstag|karwoche|ostern|oster(?:sonntag|montag|samstag|nacht)|"
        "weißer sonntag|christi himmelfahrt|"
        "himmelfahrt|vatertag|muttertag|pfingsten|pfingst(?:sonntag|montag|samstag)|fronleichnam|mari(?:ä|a|ae) "
        "(?:himmelfahrt|empfängnis|lichtmess|geburt)|tag der arbeit|staatsfeiertag|nationalfeiertag|"
        "tag der deutschen einheit|"
        "reformationstag|halloween|allerheiligen|allerseelen|martini|martinstag|st\\.? martin|sankt martin|"
        "buß- und bettag|"
        "totensonntag|ewigkeitssonntag|volkstrauertag|(?:erste[rnm]? |zweite[rnm]? |dritte[rnm]? |"
        "vierte[rnm]? |[1-4]\\. )?advent(?:sonntag)?|"
        "nikolaus(?:tag|abend)?|nikolo|krampus|valentinstag|johanni|johannistag|leopoldi|josefi|"
        "peter und paul|erntedank(?:fest)?|"
        "kirtag|kirchtag|kirchweih|ramadan|zuckerfest|opferfest|bairam|jom kippur|chanukka|tag der pflege",
        numbers=_DE_NUMBERS,
        days=f"(?:erste|zweite|dritte|vierte|fünfte|sechste|siebte|siebente|achte|neunte|(?:{_DE_TEENS})te|"
        f"(?:{_DE_ONES}und)?"
        "(?:zwanzig|drei(?:ß|ss)ig)ste)[rnm]?",
        years=f"neunzehnhundert(?:und)?(?:{_DE_NUMBERS})|(?:zweitausend|zwanzighundert|"
        f"zwanzig)(?:und)?(?:(?:{_DE_ONES}und)?(?:zwanzig|"
        f"drei(?:ß|ss)ig)|{_DE_TEENS}|eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun)",
        ordinal="\\.|te[rnm]?|ste[rnm]?",
        joint="des jahres |im jahre? |des ",
        article="den |dem |der |am ",
        until="und|bis(?: zum)?|auf(?: den)?|oder",
        at_day="am|vom|zum|bis|bis zum|seit|seit dem|den|dem|ab|ab dem|der|um den|gegen den",
        in_year="im jahre?|jahre?|anno|seit|ab|bis|vor|nach|von|zwischen|und|sommer|winter|herbst|frühjahr|frühling",
        digits="null|eins|ein|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun",
        zero="null",
        phone="telefon\\w*|tel|handy\\w*|mobil(?:nummer|telefon)?|mobiltelefon|diensthandy|festnetz\\w*|fax\\w*|"
        "rufnummer|hotline|"
        "notfallnummer|nummer|whatsapp|anrufen|erreichbar|funk|pager\\w*|piepser\\w*",
        extension="durchwahl|dw|klappe|nebenstelle|dect|interne nummer|apparat|kurzwahl|hausapparat|intern|pieps\\w*|"
        "pager|kl",
        number="\\w*nummer|\\w*(?<!\\w)nr|\\w*ausweis\\w*|badge\\w*|kennung|kennzahl|personal-?id|mitarbeiter-?id|"
        "patienten-?id|"
        "teilnehmer(?:in)?(?:-?id)?|teilnehmenden-?id|proband(?:in)?|steuer-?id|sv-?nr|svnr|iban|konto|"
        "reisepass|pass|code|"
        "studien-?id|studiencode|login|benutzerkennung|(?:\\w+-)?id|e-?card|chipkarte|schlüsselkarte|ssn|bic|"
        "zpv|lanr|bsnr|pin",
        case="fall(?:nummer|zahl|-?nr|-?id)?|vorfall|meldung|cirs-?\\w*|akte\\w*|aktenzahl|aktenzeichen|az|gz|"
        "geschäftszahl|geschäftszeichen|"
        "vorgang\\w*|vorgangsnummer|verfahren|bericht|zeichen|referenz\\w*|ticket\\w*|dossier|protokoll|"
        "schaden\\w*|schadensfall|beschwerde\\w*|"
        "ereignis\\w*|betreff|aufnahmezahl|fallakte",
        room="zimmer|raum|saal|op-?saal|op|box|koje|kabine|büro|kammer|behandlungs(?:raum|zimmer)|kreißsaal|"
        "kreisssaal|schockraum|"
        "seminarraum|besprechungs(?:raum|zimmer)|dienstzimmer|ambulanzraum|untersuchungs(?:raum|zimmer)|"
        "eingriffsraum|hörsaal|patientenzimmer|"
        "arztzimmer|stationszimmer|türe?|einzelzimmer|bett(?:platz)?",
        plate="(?:auto)?kennzeichen|nummernschild|nummerntafel|taferl",
        about="über|rund|etwa|circa|ca\\.?|fast|knapp|ungefähr|mehr als|weniger als|gut|bis zu|an die|mindestens|"
        "um die",
        at="at|ät|klammeraffe|affenschwanz|bei",
        dot="punkt",
    ),
    "en": Words(
        months="january|february|april|june|july|august|september|october|november|december|(?-i:May|March|MAY|MARCH)",
        short_months="jan|feb|apr|jun|jul|aug|sept|sep|oct|nov|dec|(?-i:Mar|MAR)",
        weekdays="monday|tuesday|wednesday|thursday|friday|saturday|sunday|tues|tue|thurs|thur|thu|(?-i:Mon|Wed|Fri|"
        "Sat|Sun)",
        feasts="christmas(?: day| eve| night| week| morning| weekend)?|xmas(?: day| eve)?|boxing day|"
        "st\\.? stephen'?s'? day|stephen'?s day|"
        "new year'?s(?:'?)?(?: day| eve)?|new year|hogmanay|epiphany|little christmas|nollaig na mban|twelfth night|"
        "(?:st\\.? |saint )?(?:valentine|patrick|paddy|brigid|david|andrew|george|john|nicholas|martin|"
        "swithin)'?s'?(?: day| night| eve)?|"
        "pancake (?:day|tuesday)|shrove tuesday|ash wednesday|lent|palm sunday|holy (?:week|thursday|"
        "saturday)|maundy thursday|"
        "good friday|easter(?: sunday| monday| saturday| week| weekend| day)?|mother'?s'? day|"
        "mothering sunday|father'?s'? day|may day|"
        "ascension(?: day)?|whit(?:sun| monday| sunday)?|pentecost(?: sunday)?|corpus christi|trinity sunday|"
        "(?:(?:january|february|easter|early may|may|june|spring|august|summer|october|"
        "christmas) )?bank holiday(?: monday| weekend)?|"
        "hallowe'?en|all (?:saints|souls|hallows)'?(?: day| eve)?|samhain|bonfire night|"
        "guy fawkes(?: night)?|remembrance (?:day|sunday)|"
        "armistice day|thanksgiving(?: day)?|independence day|labou?r day|advent(?: sunday)?|eid(?: al-\\w+|"
        " ul-\\w+)?|ramadan|diwali|"
        "yom kippur|hanukkah|passover|nurses'? day|international nurses'? day|mid-?summer(?:'s)?(?: day| eve)?",
        numbers=_EN_NUMBERS,
        days="first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|"
        "fourteenth|fifteenth|"
        "sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth|(?:twenty|thirty)[ -](?:first|"
        f"second|third|fourth|fifth|sixth|seventh|eighth|ninth)|{_EN_NUMBERS}",
        years=f"nineteen(?: hundred(?: and)?)?[ -](?:{_EN_TENS}(?:[ -](?:{_EN_ONES}))?)|"
        f"twenty[ -](?:oh[ -](?:{_EN_ONES})|"
        f"(?:twenty|thirty)(?:[ -](?:{_EN_ONES}))?|{_EN_TEENS})|two thousand(?: and)? (?:(?:twenty|"
        f"thirty)(?:[ -](?:{_EN_ONES}))?|{_EN_TEENS}|{_EN_ONES})",
        ordinal="st|nd|rd|th",
        joint="of |the year |of the year ",
        article="the |on the ",
        until="and|or|to|till|until|through|&",
        at_day="on|on the|by|by the|from|since|until|till|before|after|dated|of",
        in_year="in|since|from|until|till|of|before|after|by|during|about|around|between|and|year|summer|winter|"
        "spring|autumn|fall|early|late|mid|back in",
        digits=f"zero|oh|nought|{_EN_ONES}",
        zero="zero|oh|nought",
        phone="phone|telephone|tel|mobile|mob|cell|number|landline|fax|hotline|helpline|line|ring|call|text|"
        "whatsapp|bleep|pager|reach \\w+ (?:on|at)",
        extension="extension|ext|extn|bleep|bleeper|pager|beep|dect|internal|speed dial|short dial",
        number="(?:staff|badge|employee|payroll|personnel|participant|participation|study|identity|id|insurance|"
        "policy|passport|patient|membership|"
        "registration|register|licence|license|pin|account|chart|hospital|board|member|swipe card|card|tax|"
        "national insurance|social security|pps|"
        "nhs|nmc|gmc|imc|nmbi|corporate|login|user|clock|social insurance|medical card|pension|serial|"
        "student|locker)(?: number| no\\.?| num\\.?| code| id| card)*|number|badge|pps|ppsn|ni number|iban|"
        "id|nino|code|mrn",
        case="(?:case|file|incident|report|reference|complaint|claim|docket|ticket|dossier|record|investigation|"
        "inquest|datix|"
        "matter|review|nims|notification|form|our ref|your ref)(?: number| no\\.?| num\\.?| reference|"
        " ref\\.?| file| report| id)*|ref",
        room="room|rm|bay|cubicle|box|office|theatre|suite|ward room|side room|consulting room|meeting room|"
        "seminar room|treatment room|"
        "interview room|lab|resus|lecture theatre|bed|booth|pod|operating room|or|bedspace|trolley",
        plate="licence plate|license plate|number plate|registration(?: number| plate)?|reg(?: number| plate)?|"
        "plate|plates",
        about="about|around|some|almost|nearly|more than|over|less than|under|up to|at least|roughly|approximately|"
        "another|the other|all",
        at="at",
        dot="dot",
        month_first=True,
    ),
    "nl": Words(
        months="januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december",
        short_months="jan|feb|febr|mrt|apr|jun|jul|aug|sept|sep|okt|nov|dec",
        weekdays="maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|ma|di|wo|do|vr|za|zo",
        feasts="kerst(?:mis|avond|dag|nacht|week|vakantie)?|(?:eerste|tweede|1e|2e) kerstdag|(?:eerste|tweede|1e|"
        "2e) (?:paas|pinkster)dag|"
        "oud(?:ejaar|ejaarsavond|ejaarsdag|jaar|ejaarsnacht)|oud en nieuw|oud op nieuw|nieuwjaar(?:sdag|"
        "savond|snacht)?|driekoningen|"
        "lichtmis|carnaval(?:smaandag|szondag)?|vastenavond|aswoensdag|palm(?:zondag|pasen|zaterdag)|"
        "witte donderdag|goede vrijdag|"
        "stille zaterdag|paaszaterdag|pasen|paas(?:maandag|zondag|dag|weekend)|hemelvaart(?:sdag)?|"
        "o\\.?l\\.?h\\.? hemelvaart|"
        "onze[ -]lieve[ -](?:heer|vrouw)[ -]hemelvaart|olv[ -]hemelvaart|pinksteren|pinkster(?:maandag|"
        "zondag|dag|weekend)|sacramentsdag|"
        "koningsdag|koninginnedag|koningsnacht|bevrijdingsdag|dodenherdenking|dag van de arbeid|moederdag|"
        "vaderdag|nationale feestdag|"
        "feest van de vlaamse gemeenschap|vlaamse feestdag|guldensporen\\w*|maria-?hemelvaart|half ?oogst|"
        "prinsjesdag|halloween|allerheiligen|allerzielen|"
        "wapenstilstand|sint-?maarten|sinterklaas(?:avond)?|pakjesavond|sint-?niklaas|sint-?nicolaas|"
        "valentijn(?:sdag)?|advent|"
        "suikerfeest|offerfeest|ramadan|dag van de (?:verpleging|zorg)|gentse feesten|koningsfeest",
        numbers=_NL_NUMBERS,
        days="eerste|tweede|derde|vierde|vijfde|zesde|zevende|achtste|negende|tiende|elfde|twaalfde|dertiende|"
        "veertiende|vijftiende|zestiende|"
        f"zeventiende|achttiende|negentiende|(?:{_NL_ONES}[eë]n)?(?:twintig|dertig)ste|{_NL_NUMBERS}",
        years=f"negentien ?(?:honderd(?: ?en)?)?[ -]?(?:(?:{_NL_ONES}[eë]n)?{_NL_TENS})|(?:tweeduizend|"
        f"twee duizend)(?: ?en)? ?(?:(?:{_NL_ONES}[eë]n)?(?:twintig|dertig)|"
        f"{_NL_TEENS}|één|een|twee|drie|vier|vijf|zes|zeven|acht|negen)|"
        f"twintig[ -](?:(?:{_NL_ONES}[eë]n)?(?:twintig|dertig)|{_NL_TEENS})",
        ordinal="e|de|ste|ᵉ",
        joint="van |van het jaar |anno ",
        article="de |den |",
        until="en|of|tot(?: en met)?|t/m|à",
        at_day="op|de|den|van|tot|vanaf|sinds|per|tegen|voor|na|dd\\.?|d\\.d\\.|sedert|rond",
        in_year="in|sinds|sedert|van|tot|vanaf|voor|na|rond|tussen|en|jaar|zomer|winter|herfst|najaar|voorjaar|lente|"
        "begin|eind|einde|anno",
        digits="nul|één|een|twee|drie|vier|vijf|zes|zeven|acht|negen",
        zero="nul",
        phone="telefoon\\w*|tel|gsm\\w*|mobiel\\w*|nummer|noodnummer|hulplijn|fax\\w*|lijn|vaste lijn|bel|bellen|"
        "06-?nummer|whatsapp|bereikbaar",
        extension="toestel|toestelnummer|intern|interne|pieper|bieper|zoemer|sein|seinnummer|dect|doorkies\\w*|verkort|"
        "binnenlijn|tst",
        number="\\w*nummer|\\w*(?<!\\w)nr|badge\\w*|personeels-?id|bsn|inss|insz|rijksregister\\w*|sofi\\w*|iban|"
        "rekening|pas|paspoort|code|"
        "deelnemer(?:scode|-?id)?|identiteitskaart|id-?kaart|(?:\\w+-)?id|big|riziv|agb|polis|login|"
        "inlogcode|stamboek\\w*|respondent|pincode|personeelspas|toegangspas",
        case="dossier\\w*|zaak\\w*|casus\\w*|incident\\w*|melding\\w*|kenmerk|referentie\\w*|ref|verslag|rapport|"
        "klacht\\w*|ticket\\w*|"
        "vim-?\\w*|mip-?\\w*|rolnummer|notitie\\w*|schade\\w*|onderzoek|nummer|calamiteit\\w*|opname\\w*|kenm",
        room="\\w*kamer|\\w*zaal|lokaal|box|bureau|ruimte|ok|operatie(?:zaal|kamer)|behandelkamer|spreekkamer|verloskamer|"
        "vergader(?:zaal|ruimte|kamer)|"
        "onderzoeks(?:kamer|ruimte)|consultatie(?:ruimte|kamer)?|kabinet|isolatie(?:kamer|box)|"
        "eenpersoonskamer|dienst(?:kamer|lokaal)|bed|aula|cabine|unit",
        plate="kenteken(?:plaat)?|nummerplaat|nummerbord",
        about="ongeveer|zo'n|circa|ca\\.?|bijna|meer dan|minder dan|ruim|rond de|wel|zowat|een kleine|een goede",
        at="at|apenstaartje|apestaartje|ad|apenstaart",
        dot="punt|dot",
    ),
    "fr": Words(
        months="janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|novembre|d[ée]cembre",
        short_months="janv|jan|f[ée]vr|f[ée]v|avr|juil|sept|sep|oct|nov|d[ée]c",
        weekdays="lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun|mer|jeu|ven|sam|dim",
        feasts="no[ëe]l|(?:veille|soir|nuit|jour|lendemain|matin) de no[ëe]l|r[ée]veillon(?: de no[ëe]l|"
        " du nouvel an| de la saint-sylvestre)?|"
        "nouvel[ -]an|jour de l'an|premier de l'an|(?:la )?saint[ -](?:sylvestre|valentin|nicolas|jean|"
        "martin|michel|étienne|etienne|joseph|patrick|éloi)|"
        "[ée]piphanie|(?:jour des|f[êe]te des) rois|les rois|chandeleur|mardi[ -]gras|carnaval|"
        "mercredi des cendres|rameaux|(?:dimanche|samedi) des rameaux|"
        "jeudi saint|vendredi saint|samedi saint|semaine sainte|p[âa]ques|(?:dimanche|lundi|"
        "samedi) de p[âa]ques|f[êe]te du travail|"
        "f[êe]te (?:des m[èe]res|des p[èe]res|nationale|de la musique|du roi|de la communaut[ée]|"
        "des grands-m[èe]res)|ascension|(?:jeudi|week-end|pont) de l'ascension|pentec[ôo]te|(?:lundi|"
        "dimanche) de (?:la )?pentec[ôo]te|"
        "f[êe]te-dieu|assomption|quinze ao[ûu]t|toussaint|jour des morts|f[êe]te des morts|armistice|"
        "halloween|avent|immacul[ée]e conception|"
        "a[ïi]d(?: el-\\w+| al-\\w+)?|ramadan|quatorze[ -]juillet|journ[ée]e des infirmi[èe]res|yom kippour|hanoucca",
        numbers=_FR_NUMBERS,
        days=f"premier|{_FR_NUMBERS}",
        years=f"deux mille (?:{_FR_NUMBERS}|un|et un)|(?:dix-neuf cents?|mille neuf cents?|"
        f"mil neuf cents?) (?:{_FR_NUMBERS})|deux mil (?:{_FR_NUMBERS}|un)",
        ordinal="ᵉʳ|ᵉ|er|ère|e|ème",
        joint="de |de l'an |de l'année |du mois de |du mois d'|d'|l'an |l'année ",
        article="le |",
        until="et|au|ou|à|-|et le|ou le",
        at_day="le|du|au|depuis le|jusqu'au|dès le|avant le|après le|les|date du|en date du",
        in_year="en|depuis|de|jusqu'en|année|l'an|avant|après|vers|entre|et|dès|été|hiver|automne|printemps|fin|"
        "début|à partir de|courant",
        digits="z[ée]ro|un|deux|trois|quatre|cinq|six|sept|huit|neuf",
        zero="z[ée]ro",
        phone="t[ée]l[ée]phone|t[ée]l|num[ée]ro|portable|mobile|gsm|fixe|fax|ligne|ligne verte|num[ée]ro vert|"
        "appeler|appelez|joindre|joignable|whatsapp",
        extension="poste|poste interne|extension|ext|interne|bip|dect|ligne interne|num[ée]ro interne|biper|sémaphone|"
        "beeper|num[ée]ro court",
        number="num[ée]ro|n°|badge|matricule|carte|carte vitale|s[ée]curit[ée] sociale|s[ée]cu|identifiant|code|"
        "insee|nir|niss|registre national|rpps|adeli|inami|iban|"
        "compte|participante?|code participante?|mutuelle|police|passeport|carte d'identit[ée]|"
        "num[ée]ro de \\w+|num[ée]ro d'\\w+|id|ipp|login|dossier du personnel|permis|assur[ée]e?",
        case="dossier|affaire|cas|r[ée]f[ée]rence|r[ée]f|r[ée]f[ée]rences|num[ée]ro|signalement|d[ée]claration|"
        "fiche|rapport|plainte|ticket|incident|fei|fsei|proc[ée]dure|"
        "sinistre|enqu[êe]te|courrier|notice|r[ôo]le|instruction|parquet|n/r[ée]f|v/r[ée]f",
        room="chambre|salle|box|bureau|bloc|salle d'op|salle de (?:r[ée]union|soins|naissance|d[ée]chocage|cours|"
        "consultation)|cabinet|lit|local|studio|"
        "amphi|amphith[ée][âa]tre|porte|cabine|salle d'(?:op[ée]ration|accouchement|examen|attente)|"
        "d[ée]choc|pi[èe]ce|boxe|ch",
        plate="plaque(?:s)?(?: d'immatriculation)?|immatricul[ée]e?s?|immatriculation",
        about="environ|à peu près|près de|plus de|moins de|presque|quelque|les|des|ces|jusqu'à|autour de",
        at="arobase|arobas|at|chez",
        dot="point",
    ),
    "pt": Words(
        months="janeiro|fevereiro|mar[çc]o|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro",
        short_months="jan|fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez",
        weekdays="(?:segunda|ter[çc]a|quarta|quinta|sexta)(?:-feira| feira)?|s[áa]bado|domingo|seg|ter|qua|qui|sex|"
        "s[áa]b|dom|[2-6]ª(?:-feira| feira)?",
        feasts="natal|(?:v[ée]spera|noite|dia|ceia|semana) de natal|consoada|passagem de ano|passagem do ano|"
        "ano[ -]novo|dia de ano[ -]novo|r[ée]veillon|"
        "(?:dia de |noite de )?reis|dia de reis|epifania|carnaval|(?:ter[çc]a|segunda|"
        "domingo)(?:-feira)? (?:gorda|de carnaval)|quarta-feira de cinzas|"
        "(?:domingo|s[áa]bado) de ramos|ramos|semana santa|quinta-feira santa|sexta-feira santa|"
        "s[áa]bado (?:santo|de aleluia)|p[áa]scoa|(?:domingo|segunda|segunda-feira|s[áa]bado|"
        "v[ée]spera) de p[áa]scoa|"
        "pascoela|ascens[ãa]o|espiga|quinta-feira da espiga|pentecostes|corpo de deus|(?:vinte e cinco|"
        "25) de abril|dia da liberdade|dia do trabalhador|dia de portugal|"
        "dia da m[ãa]e|dia do pai|(?:s[ãa]o|sto\\.?|santo|s\\.) (?:jo[ãa]o|pedro|ant[óo]nio|martinho|"
        "valentim|silvestre|nicolau|mateus)|magusto|dia de s[ãa]o \\w+|santos populares|"
        "assun[çc][ãa]o|todos[ -]os[ -]santos|dia de todos os santos|(?:dia d[eo]s |"
        "dia de )?(?:fi[ée]is defuntos|finados)|implanta[çc][ãa]o da rep[úu]blica|"
        "restaura[çc][ãa]o(?: da independência)?|imaculada concei[çc][ãa]o|dia dos namorados|halloween|"
        "dia das bruxas|advento|ramad[ãa]o|dia d[oe] enfermeiro",
        numbers=_PT_NUMBERS,
        days=f"primeiro|um|{_PT_NUMBERS}",
        years=f"dois mil(?: e| [ie])? (?:{_PT_NUMBERS}|um)|mil[ ,]+novecentos e (?:{_PT_NUMBERS})|"
        f"mil e novecentos e (?:{_PT_NUMBERS})",
        ordinal="\\.?º|\\.?o|ª|°",
        joint="de |do |do ano de |de o |d'|do m[êe]s de |no ano de ",
        article="dia |o dia |a |",
        until="e|a|ao|ou|até|e o dia|e dia",
        at_day="a|em|no dia|dia|de|desde|desde o dia|até|até ao dia|ao dia|do dia|o dia|no|pelo dia|por volta de|"
        "data de",
        in_year="em|desde|de|até|ano|no ano|ano de|antes de|depois de|entre|e|verão|inverno|outono|primavera|"
        "por volta de|finais|início|princípios|a partir de",
        digits="zero|um|uma|dois|duas|tr[êe]s|quatro|cinco|seis|meia|sete|oito|nove",
        zero="zero",
        phone="telefone|telem[óo]vel|telm|tlm|tel|tlf|n[úu]mero|fax|linha|contacto|contato|whatsapp|"
        "liga(?:r)?(?: para)?|ligue(?: para)?|celular|fixo",
        extension="extens[ãa]o|ext|ramal|interno|interna|bip|beep|dect|extens[ãa]o interna",
        number="n[úu]mero(?: mecanogr[áa]fico| de [^\\W\\d]+(?: [^\\W\\d]+)?| da [^\\W\\d]+(?: [^\\W\\d]+)?|"
        " do [^\\W\\d]+(?: [^\\W\\d]+)?)?|mecanogr[áa]fico|nif|niss|contribuinte|cart[ãa]o(?: de cidad[ãa]o|"
        " do cidad[ãa]o)?|"
        "bilhete de identidade|bi|cc|utente|crach[áa]|badge|c[ée]dula(?: profissional)?|identifica[çc][ãa]o|"
        "c[óo]digo|participante|iban|nib|passaporte|id|ap[óo]lice|segurança social|"
        "sns|benefici[áa]rio|ordem|matr[íi]cula de funcion[áa]rio|conta|login|carta de condu[çc][ãa]o|"
        "processo individual",
        case="processo(?: cl[íi]nico| disciplinar)?|caso|ficha|refer[êe]ncia|ref|relat[óo]rio|incidente|"
        "ocorr[êe]ncia|notifica[çc][ãa]o|participa[çc][ãa]o|inqu[ée]rito|"
        "epis[óo]dio|averigua[çc][ãa]o|queixa|reclama[çc][ãa]o|autos|of[íi]cio|dossi[êe]|protocolo|sinistro|"
        "ticket|expediente",
        room="quarto|sala|gabinete|box|boxe|consult[óo]rio|enfermaria|bloco|sala de (?:reuni[õo]es|partos|"
        "opera[çc][õo]es|emerg[êe]ncia|tratamentos|forma[çc][ãa]o|trauma|pensos)|"
        "cama|cub[íi]culo|audit[óo]rio|porta|cabine|cela|unidade",
        plate="matr[íi]cula|placa|chapa",
        about="cerca de|uns|umas|mais de|menos de|quase|perto de|à volta de|os|as|aos",
        at="arroba|at",
        dot="ponto",
    ),
    "es": Words(
        months="enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre",
        short_months="ene|feb|mar|abr|may|jun|jul|ago|sept|sep|set|oct|nov|dic",
        weekdays="lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|lun|mi[ée]|jue|vie|s[áa]b|dom",
        feasts="navidad(?:es)?|nochebuena|nochevieja|fin de a[ñn]o|a[ñn]o nuevo|(?:d[íi]a|noche) de (?:navidad|"
        "reyes|a[ñn]o nuevo|los santos|todos los santos|la madre|los difuntos|andaluc[íi]a|"
        "la constituci[óo]n|la hispanidad|los muertos|difuntos|san juan|san jos[ée])|"
        "(?:los )?reyes(?: magos)?|epifan[íi]a|(?:la )?candelaria|carnaval(?:es)?|mi[ée]rcoles de ceniza|"
        "domingo de (?:ramos|resurrecci[óo]n|pascua|pi[ñn]ata)|semana santa|"
        "(?:lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado) santo|lunes de pascua|s[áa]bado de gloria|"
        "pascua|(?:los )?santos inocentes|d[íi]a de los inocentes|"
        "d[íi]a (?:del trabajo|del trabajador|del padre|de la madre|del pilar|de la enfermer[íi]a|"
        "de la enfermera)|(?:el|la) pilar|(?:virgen )?del pilar|ascensi[óo]n|pentecost[ée]s|"
        "corpus(?: christi)?|"
        "san (?:juan|jos[ée]|pedro|isidro|ferm[íi]n|jorge|valent[íi]n|silvestre|mart[íi]n|antonio|ant[óo]n|"
        "blas|mateo|roque|lorenzo|nicol[áa]s|miguel|sebasti[áa]n)|sanfermines|sant jordi|sant joan|"
        "(?:la )?diada|fallas|feria(?: de abril)?|"
        "(?:la )?asunci[óo]n|(?:d[íi]a de )?(?:todos los )?santos|(?:fieles )?difuntos|"
        "(?:la )?inmaculada(?: concepci[óo]n)?|(?:la )?constituci[óo]n|(?:la )?hispanidad|santiago|"
        "(?:la )?merc[èe]|(?:la )?almudena|halloween|adviento|ramad[áa]n|la purísima",
        numbers=_ES_NUMBERS,
        days=f"primero|uno|{_ES_NUMBERS}",
        years=f"dos mil (?:{_ES_NUMBERS}|uno)|mil novecientos (?:{_ES_NUMBERS})",
        ordinal="\\.?º|\\.?er|°|\\.?ª|\\.?o",
        joint="de |del |del a[ñn]o |de el |de l'|del mes de ",
        article="d[íi]a |el |el d[íi]a |",
        until="y|al|a|o|hasta el|y el|e",
        at_day="el|el d[íi]a|d[íi]a|del|al|desde el|hasta el|a|fecha|de fecha|antes del|sobre el",
        in_year="en|desde|de|del|hasta|a[ñn]o|el a[ñn]o|antes de|despu[ée]s de|entre|y|verano|invierno|oto[ñn]o|"
        "primavera|hacia|finales|principios|allá por|sobre|a partir de",
        digits="cero|uno|un|dos|tres|cuatro|cinco|seis|siete|ocho|nueve",
        zero="cero",
        phone="tel[ée]fono|tel|tfno|tlf|m[óo]vil|n[úu]mero|fax|l[íi]nea|fijo|whatsapp|llam(?:a|ar|e|ad)(?: al)?|"
        "contacto|celular",
        extension="extensi[óo]n|ext|interno|anexo|busca|dect|interfono",
        number="n[úu]mero(?: de(?: la)? [^\\W\\d]+(?: [^\\W\\d]+)?| del [^\\W\\d]+(?: [^\\W\\d]+)?)?|dni|nie|nif|"
        "cif|nuss|naf|cip|sip|cipa|tarjeta(?: sanitaria| de \\w+)?|seguridad social|credencial|"
        "acreditaci[óo]n|matr[íi]cula profesional|"
        "colegiad[oa]|identificaci[óo]n|identificador|c[óo]digo|participante|iban|cuenta|pasaporte|id|"
        "p[óo]liza|emplead[oa]|n[óo]mina|afiliaci[óo]n|carn[ée]t?|chapa|usuario|login|placa identificativa|"
        "ficha",
        case="expediente|caso|historia(?: cl[íi]nica)?|nhc|referencia|ref|informe|incidente|incidencia|"
        "notificaci[óo]n|parte|procedimiento|diligencias(?: previas)?|autos|reclamaci[óo]n|queja|"
        "episodio|sumario|asunto|denuncia|dosier|dossier|ticket|registro|siniestro|protocolo|n[úu]mero",
        room="habitaci[óo]n|hab|sala|box|despacho|quir[óo]fano|consulta|cuarto|aula|gabinete|paritorio|"
        "sala de (?:reuniones|partos|curas|espera|juntas|cr[íi]ticos)|"
        "cama|puerta|cub[íi]culo|cabina|m[óo]dulo|bloque",
        plate="matr[íi]cula|placa",
        about="unos|unas|cerca de|casi|m[áa]s de|menos de|alrededor de|los|las|como",
        at="arroba|at",
        dot="punto",
    ),
}

#: Endings of web addresses that count without ``www`` or a scheme.
DOMAINS = (
    "example|test|invalid|org|com|net|info|edu|int|gov|health|care|ngo|eu|at|de|be|nl|fr|pt|es|ie|uk|lu|"
    "ch|it|cat|gal|eus|io|app|"
    "brussels|vlaanderen|gent|amsterdam|wien|berlin|tirol|bayern|paris|bzh|lisboa|madrid|barcelona|scot|"
    "wales|irish|online|"
    "cloud|hospital|clinic|biz|us|ca|dk|se|no|fi|pl|cz|hu|tv|me|page|site|dev|link|ly"
)
_SPOKEN_DOMAINS = "example|org|com|net|eu|at|de|be|nl|fr|pt|es|ie|uk|info|edu"

# Units make the number before them an amount, and so do the nouns of what is counted, in all languages: numbers travel.
_UNITS = (
    r"[€$£%‰°′″]|(?:mg|ml|µg|μg|mcg|kg|g|dl|cl|l|cm|mm|km|m|h|s|min|mmhg|kcal|kj|mmol|iu|ui|mhz|kb|mb|gb|"
    r"kw|ms|bpm|eur|euros?|cents?|cêntimos|"
    r"dollars?|pounds?|quid|pfund|pond|francs?|franken|prozent|percent|per cent|procent|pour cent|"
    r"por ciento|por cento|"
    r"gramm?e?s?|gramos?|gramas?|milli\w+|milí\w+|mili\w+|liter\w*|litres?|litros?|metern?|metres?|"
    r"metros?|mètres?|kilos?|kilo\w+|"
    r"uhr|uur|heures|hrs|horas|x)(?![\w'])"
)
_COUNTED = (
    r"(?:punkte?n?|points?|punten|pontos|puntos|stück|stunden?|std|tagen?|wochen?|monaten?|jahren?|"
    r"minuten?|sekunden?|mal|betten|patient(?:inn)?en|leuten?|personen|"
    r"mitarbeiter\w*|menschen|kolleg\w+|pflege\w+|seiten|fälle?n?|fragen|einwohner\w*|schritte?n?|"
    r"kalorien|fragebögen|teilnehmer\w*|plätze?n?|dienste?n?|"
    r"einheiten|tropfen|"
    r"hours?|days?|weeks?|months?|years?|minutes?|mins?|secs?|seconds?|times|beds|patients|people|persons|"
    r"staff|nurses|doctors|pages|cases|questions|"
    r"steps|calories|employees|words|units|drops|hundred|thousand|million|of|"
    r"uren|dagen|weken|week|maanden|jaar|jaren|minuut|minuten|seconden|keer|maal|bedden|patiënten|mensen|"
    r"mannen?|vrouwen|pagina's|gevallen|vragen|stappen|"
    r"medewerkers|verpleegkundigen|collega's|inwoners|bladzijden|eenheden|druppels|"
    r"heure|jours?|semaines?|mois|ans|années?|secondes?|fois|lits|personnes|soignants|infirmi[eè]re?s|"
    r"employés|salariés|habitants|unités|gouttes|collègues|gens|"
    r"hora|dias|días|semanas?|meses|años?|anos?|minutos?|segundos?|veces|vezes|camas|pacientes|doentes|"
    r"utentes|personas|pessoas|páginas?|casos|preguntas|perguntas|"
    r"trabajadores|trabalhadores|funcionários|profesionales|profissionais|enfermeir[oa]s|enfermer[oa]s|"
    r"habitantes|unidades|gotas|colegas|compañer[oa]s|mil|milhões|millones|"
    r"von|van|sur|de cada|em cada|out of)(?![\w'])"
)
_UNIT_AFTER = re.compile(rf" ?-?(?:{_UNITS})", re.IGNORECASE)
_AMOUNT_AFTER = re.compile(rf" ?-?(?:{_UNITS}|{_COUNTED})", re.IGNORECASE)
_CURRENCY_BEFORE = re.compile(
    r"(?:[€$£×] ?|\d:|(?<!\w)x |\b(?:EUR|Euro|euro|ISO|DIN|EN|Version|version|versão|versión|v) ?)$"
)
_NOUN_AFTER = re.compile(r" (?:[A-ZÄÖÜ][a-zäöüß]{3,}|[^\W\d_]{3,}(?:s|en)\b)")

_YEAR = r"(?:19[4-9]\d|20[0-3]\d)"
_FULL_YEAR = r"(?:1[89]\d\d|20\d\d)"  # beside a month, where it is nothing else
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?!\d)"
_BEGIN = r"(?<![\w])(?<!\d[.,:/-])"  # not inside of a word, and not behind the first part of a number

# What may stand between a word such as `badge` and its number.
_LINK_WORDS = (
    r"it's|it is|n\.?[°ºo]\.?|nrs?\.?|nº|no\.?|núm\.?|num\.?|num|number|nummer|numéro|numero|número|zahl|"
    r"code|ref\.?|is|was|are|'s|ist|war|lautet|lautete|lautend|"
    r"heißt|hat|hatte|trägt|mit|und|die|der|das|dem|den|des|the|my|your|our|with|of|bearing|reads?|er|est|"
    r"était|c'est|es|era|é|eh|foi|fue|será|la|le|il|el|o|a|à|"
    r"het|de|du|do|da|del|met|avec|com|con|zijn|staat|auf|unter|under|onder|sous|sob|bajo|on|at|au|ao|al|"
    r"sur|op|via|ending in|porte|tem|tiene|also|então|hier|id|mechanical|mecanográfico|"
    r"interne?|interno|clinical|clínico|clínica|schon|noch|immer|immer noch|still"
)
_LINK = rf"(?:\.?[ ,]*(?:[:=#,-]|(?:{_LINK_WORDS})(?![\w])))"
_LINKS = rf"\.?{_LINK}{{0,4}}[ :,(]*(?<![\w])"

# A number of an id or a case: figures with letters, in parts joined by a hyphen, slash, dot or blank.
_CODE = (
    r"(?:(?-i:[A-ZÄÖÜ]{1,5})[./_-]?|(?-i:[A-ZÄÖÜ]{1,3}) |(?-i:[a-z]{1,4})[-/_]?)?\d[\dA-Za-z]*"
    r"(?:(?:[./_-]|(?: ?[/-] ?)| )(?:\d[\dA-Za-z]*|(?-i:[A-Z]{1,4})(?![\w'])))*(?![\w])"
)
_LETTERED = r"(?-i:[A-ZÄÖÜ]{1,5}(?:[-/_][A-Z]{1,5})*)[-/_]\d[\dA-Za-z]*(?:[-/_.]\w+)*(?![\w])"


Test = Callable[[re.Match[str]], bool]


def _always(found: re.Match[str]) -> bool:
    return True


@dataclass(frozen=True)
class Pattern:
    """A form of an identifier: its kind, what it looks like, and what a match must pass besides.

    Where the expression has a group ``it``, that is the identifier and the rest its surroundings. ``figures`` says that
    it has figures, ``hint`` what else must be in the text; most sentences have neither, which saves the search.
    """

    kind: str
    form: re.Pattern[str]
    passes: Test = _always
    figures: bool = True
    hint: re.Pattern[str] | None = None


@dataclass(frozen=True)
class Mark:
    """A stretch of the plain view that a pattern found; of patterns for the same stretch the first one counts."""

    start: int
    end: int
    kind: str
    rank: int


def _figures(found: re.Match[str]) -> str:
    return re.sub(r"\D", "", found.groupdict().get("it") or found[0])


def _end(found: re.Match[str]) -> int:
    return found.end("it") if "it" in found.re.groupindex else found.end()


def _start(found: re.Match[str]) -> int:
    return found.start("it") if "it" in found.re.groupindex else found.start()


def _no_amount(found: re.Match[str]) -> bool:
    """Whether no unit follows and no currency comes before."""
    before = found.string[max(0, _start(found) - 8) : _start(found)]
    return not _AMOUNT_AFTER.match(found.string, _end(found)) and not _CURRENCY_BEFORE.search(before)


def _no_unit(found: re.Match[str]) -> bool:
    """Whether no unit of measurement follows; for what can hardly be a count."""
    return not _UNIT_AFTER.match(found.string, _end(found))


def _date_in_figures(found: re.Match[str]) -> bool:
    """Whether the figures can be a day and a month, in either order."""
    one, other = (int(found[name]) for name in ("one", "other"))
    return 1 <= min(one, other) <= 12 and 1 <= max(one, other) <= 31


def _day_and_month(found: re.Match[str]) -> bool:
    """Whether day and month without a year are no score or ratio: `8/10`, `24/7`, `op 3-4 dagen`."""
    if not _date_in_figures(found) or not _no_amount(found):
        return False
    one, other, sign = found["one"], found["other"], found["sign"].strip()
    if sign == "." and int(other) <= 12:
        return True
    return len(other) == 2 and int(other) <= 12 and (int(one) > int(other) or other[0] == "0" or int(other) > 10)


def _address(found: re.Match[str]) -> bool:
    try:
        ipaddress.ip_address(found["address"])
    except ValueError:
        return False
    return True


def _iban(found: re.Match[str]) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616: mod 97), or its figures are too many to be chance."""
    text = re.sub(r"[^0-9A-Z]", "", found[0].upper())
    if not 15 <= len(text) <= 34:
        return False
    whole = "".join(str(int(sign, 36)) for sign in text[4:] + text[:4])
    return int(whole) % 97 == 1 or sum(map(str.isdigit, text)) >= 12


def _weighted(figures: str, weights: tuple[int, ...], modulus: int) -> int:
    return sum(int(one) * weight for one, weight in zip(figures, weights, strict=False)) % modulus


def _national(found: re.Match[str]) -> bool:
    """Whether bare figures have the check digit of a country's personal number.

    Austria's insurance number, the Dutch BSN, the Belgian national number, the Portuguese NIF, the German tax number
    (ISO 7064 mod 11,10), the French NIR, and the number of the British health service.
    """
    figures = _figures(found)
    count = len(figures)
    if count == 9:
        rest = 11 - _weighted(figures, (9, 8, 7, 6, 5, 4, 3, 2), 11)
        bsn = _weighted(figures, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11) == 0
        return bsn or int(figures[8]) == (0 if rest > 9 else rest)
    if count == 10:
        austrian = _weighted(figures, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6), 11) == int(figures[3])
        british = (11 - _weighted(figures, (10, 9, 8, 7, 6, 5, 4, 3, 2), 11)) % 11 == int(figures[9])
        return austrian or british
    if count == 11:
        belgian = any(97 - int(lead + figures[:9]) % 97 == int(figures[9:]) for lead in ("", "2"))
        product = 10
        for figure in figures[:10]:
            product = ((int(figure) + product) % 10 or 10) * 2 % 11
        return belgian or (11 - product) % 10 == int(figures[10])
    if count == 15:
        return 97 - int(figures[:13]) % 97 == int(figures[13:])
    return False


_CLOCKS = re.compile(
    r"(?:[01]?\d|2[0-4])[.:h]?[0-5]\d(?: ?(?:uhr|uur|h))? ?[-/] ?(?:[01]?\d|2[0-4])[.:h]?[0-5]\d(?![\d])", re.IGNORECASE
)
_ALL_YEARS = re.compile(rf"{_YEAR}(?:[ ./-]+{_YEAR})*")


def _telephone(found: re.Match[str]) -> bool:
    """Whether the figures are as many as a telephone number has and neither clock times, years nor measured."""
    words = (found.groupdict().get("it") or found[0]).strip()
    return (
        6 <= len(_figures(found)) <= 16
        and not _CLOCKS.fullmatch(words)
        and not _ALL_YEARS.fullmatch(words)
        and _no_unit(found)
    )


def _many_figures(least: int) -> Test:
    def passes(found: re.Match[str]) -> bool:
        return len(_figures(found)) >= least and _no_amount(found) and not _ALL_YEARS.fullmatch(found["it"])

    return passes


def _case_number(found: re.Match[str]) -> bool:
    """Whether it is more than a small count: a sign inside, or three figures; `Fall 3`, `dossier 12` are none."""
    words = found["it"]
    return (bool(re.search(r"\d[/._-]\w|[A-Z]", words)) or len(_figures(found)) >= 3) and _no_amount(found)


def _dutch_plate(found: re.Match[str]) -> bool:
    """Whether three groups make six signs, letters and figures, as Dutch and Portuguese plates have them."""
    signs = re.sub(r"[^A-Z0-9]", "", found[0])
    return len(signs) == 6 and any(map(str.isdigit, signs)) and any(map(str.isalpha, signs))


# Abbreviations that stand before figures and are no letters of a plate.
_NO_PLATE = frozenset(
    re.split(
        " ",
        "ISO DIN EN ICU ICD UCI NEO SOP CIRS COVID SARS CRP WHO GAD PHQ PSS CT MRT MRI EKG ECG CHU HR QM PCR RAL TSH "
        "OP EEG ABO ASA NYHA DRG SF MBI HEPA FFP AVPU GCS NRS VAS EVA BMI ECMO IABP",
    )
)


def _plate(found: re.Match[str]) -> bool:
    first = re.match(r"[^\W\d_]+", found[0])
    return not (first and first[0] in _NO_PLATE) and _no_unit(found)


def _mixed_code(found: re.Match[str]) -> bool:
    """Whether a word of figures and capitals is long enough for an id, and no amount such as `2000MG`."""
    words = found[0]
    return (
        sum(map(str.isdigit, words)) >= 4
        and any(map(str.isalpha, words))
        and not re.fullmatch(r"\d+[A-Za-z]{1,3}", words)
    )


def _compile(
    kind: str,
    form: str,
    passes: Test = _always,
    figures: bool = True,
    hint: re.Pattern[str] | None = None,
) -> Pattern:
    return Pattern(kind, re.compile(form), passes, figures, hint)


_GAP = r"[ ./()-]{0,3}"
_HOST = r"[A-Za-z0-9À-ÿ](?:[A-Za-z0-9À-ÿ-]*[A-Za-z0-9À-ÿ])?"
_PATH = r"(?::\d{1,5})?(?:[/?#](?:[^\s\[\]<>\"'„“”«»\uFFFC]*[\w/=&#%~+-])?)?"


_AT = re.compile(r"@|[\[(](?:at|ät|arroba|arobase|AT)[\])]")
_DOT = re.compile(r"[.:]\w|::")


def _common() -> Iterator[Pattern]:
    """Yield the forms of figures and signs, the surest first."""
    yield _compile("email", rf"(?i:mailto:)?[\w.+%-]*[\w+%-] ?@ ?{_HOST}(?:\.{_HOST})+", figures=False, hint=_AT)
    yield _compile(
        "email",
        rf"(?<![\w])[\w.+-]+ ?[\[(](?:at|ät|@|arroba|arobase|AT)[\])] ?{_HOST}(?: ?(?:\.|[\[(](?:dot|punkt|"
        rf"punt|point|punto|ponto)[\])]) ?{_HOST})+",
        figures=False,
        hint=_AT,
    )
    yield _compile("url", rf"(?i:(?:https?|ftps?|sftp):(?://)?){_HOST}(?:\.{_HOST})*{_PATH}", figures=False, hint=_DOT)
    yield _compile("url", rf"(?<![\w@.])(?i:www\d?\.)(?:{_HOST}\.)*{_HOST}{_PATH}", figures=False, hint=_DOT)
    yield _compile(
        "url",
        rf"(?<![\w@.-])(?:{_HOST}\.)+(?:{DOMAINS}|{DOMAINS.upper()})(?![\w-])(?!\.\w){_PATH}",
        figures=False,
        hint=_DOT,
    )
    yield _compile(
        "url",
        rf"(?<![\w.,:])(?P<address>\d{{1,3}}(?:\.\d{{1,3}}){{3}})(?![\w])(?!\.\d){_PATH}",
        _address,
        figures=False,
        hint=_DOT,
    )
    yield _compile(
        "url",
        r"(?<![\w:])(?P<address>[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?:/\d{1,3})?(?![\w:])",
        _address,
        figures=False,
        hint=_DOT,
    )
    # Dates in figures. Blanks may stand around the signs; a year of two figures may have an apostrophe.
    yield _compile("date", rf"{_BEGIN}(?:1[89]|20)\d\d ?[-./] ?(?:0?[1-9]|1[0-2]) ?[-./] ?{_DAY}(?:(?=T\d)|(?![\w]))")
    yield _compile(
        "date",
        rf"{_BEGIN}(?P<one>\d{{1,2}}) ?[./-] ?(?P<other>\d{{1,2}}) ?\.?[./-]? ?(?<=[./ -])(?:(?:1[89]|20)\d\d|"
        r"'\d\d)(?![\w])",
        _date_in_figures,
    )
    yield _compile(
        "date",
        rf"{_BEGIN}(?P<one>\d{{1,2}}) ?(?P<sign>[./-]) ?(?P<other>\d{{1,2}}) ?(?P=sign) ?'?\d\d(?![\w])(?![./-]\d)",
        _date_in_figures,
    )
    yield _compile(
        "date", rf"{_BEGIN}(?P<one>\d{{1,2}}) (?P<other>\d{{1,2}}) (?:19|20)\d\d(?![\w])(?! \d)", _date_in_figures
    )
    yield _compile("date", rf"{_BEGIN}(?:0?[1-9]|1[0-2]) ?[./-] ?{_YEAR}(?![\w])(?![./-]\d)")
    yield _compile("date", rf"{_BEGIN}{_YEAR}-(?:0[1-9]|1[0-2])(?![\w])(?![./-]\d)")
    yield _compile("date", r"(?<![\w'])'\d\d(?![\w'])(?!-)", _no_amount)
    roman = r"(?:XI{0,2}|IX|VI{0,3}|I?V|I{1,3})"
    yield _compile("date", rf"{_BEGIN}{_DAY}[./ ] ?{roman}[./ ] ?(?:19|20)?\d\d(?!\w)")
    # Ids: the countries' own, then the study's, then what is too long to be an amount.
    yield _compile("id", r"(?<![\w])(?i:[A-Z]{2}) ?\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![\w])", _iban)
    yield _compile("id", r"(?<![\w.])\d{2}[ .]\d{2}[ .]\d{2}[ -]\d{3}[ .-]\d{2}(?![\w])")  # Belgium
    yield _compile(
        "id", r"(?<![\w])[1-478] ?\d\d ?(?:[01]\d|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3}(?: ?/? ?\d\d)?(?![\w])"
    )  # France
    yield _compile("id", r"(?<![\w])(?:\d{8}|\d{1,2}\.\d{3}\.\d{3})[ -]?[A-Za-z](?![\w])")  # Spain, DNI
    yield _compile("id", r"(?<![\w])[XYZKLMxyzklm][ -]?\d{7}[ -]?[A-Za-z](?![\w])")  # Spain, NIE
    yield _compile("id", r"(?<![\w])\d{8}[ -]?\d[ -]?[A-Za-z]{2}\d(?![\w])")  # Portugal, citizen card
    yield _compile("id", r"(?<![\w])\d{7}[ -]?[A-Wa-w][A-Ia-iWw]?(?![\w])")  # Ireland, PPS
    yield _compile("id", r"(?<![\w])[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D](?![\w])")  # United Kingdom, insurance
    yield _compile("id", r"(?<![\w])\d{2} ?\d{6} ?[A-Z] ?\d{3}(?![\w])")  # Germany, pension insurance
    yield _compile(
        "id", r"(?<![\w])\d{4}[ -/]?(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d(?![\w])", _no_amount
    )  # Austria
    yield _compile("id", r"(?<![\w])(?P<it>\d{9,15}|\d{2,4}(?:[ .]\d{2,4}){2,4})(?![\w])(?![.,]\d)", _national)
    yield _compile("id", r"(?<![\w])[A-Za-z]{2,3}\d{1,2}[-_ ]?[-_/]?[A-Za-z]?\d{2,4}(?![\w])", _mixed_or_study)
    yield _compile("case", r"(?<![\w])[A-ZÄÖÜ]{1,5}[-/. ]?(?:19|20)\d\d[-/.]\d{1,6}(?![\w])", _plate)
    yield _compile("case", r"(?<![\w])[A-ZÄÖÜ]{1,5}[-/]\d{1,4}[-/]\d{2,6}(?![\w])", _plate)
    yield _compile(
        "case", r"(?<![\w])\d{1,4} [A-Z][A-Za-z]{0,3} \d{1,6}/\d{2,4}(?:[a-z](?![\w]))?(?![\w])"
    )  # of a court
    yield _compile("case", r"(?<![\w])[A-Z]{1,3}(?:\.[A-Z]?\d{1,8}){2,}(?:/\d{2,4})?(?![\w])")  # of a prosecutor
    yield _compile("case", r"(?<![\w/.,-])\d{1,3}\.\d{3}/\d{2}(?:\d\d)?(?![\w/])")
    yield _compile("id", r"(?<![\w])\d-\d{5}-\d\d-\d{3}(?![\w])")  # Belgium, caregivers
    yield _compile("case", r"(?<![\w/.-])(?:19|20)\d\d ?[-/.] ?\d{3,7}(?![\w])(?:-\w+| [A-Z](?![\w']))?", _no_amount)
    yield _compile("case", r"(?<![\w/.-])\d{2,7}/(?:19|20)\d\d(?:[-/]\w+)*(?![\w])")
    # Telephone: international, national with its zero, in groups of two or three, one figure at a time.
    yield _compile("phone", rf"(?<![\w+])\+{{1,2}} ?\(?[1-9](?:{_GAP}\d){{6,14}}(?![\w])", _telephone)
    yield _compile("phone", rf"(?<![\w+])(?<!\d[.,:/-])\(?0(?![.,])(?:{_GAP}\d){{5,14}}(?![\w])(?![.,:]\d)", _telephone)
    yield _compile("phone", r"(?<![\w+])(?<!\d[.,:/-])\(?[2-9]\d{2}\)?(?:[ .-]\d{3}){2}(?![\w])(?![.,]\d)", _telephone)
    yield _compile("phone", r"(?<![\w+])(?<!\d[.,:/-])[2-9]\d{1,2}(?:[ .-]\d{2,3}){3}(?![\w])(?![.,]\d)", _telephone)
    yield _compile(
        "phone",
        r"(?<![\w+])(?<!\d[.,:/-])(?:1[ .-])?\(?\d{3}\)?[ .-]{1,2}(?:\d{3}[ .-])?\d{4}(?![\w])(?![.,]\d)",
        _telephone,
    )
    yield _compile("phone", r"(?<![\w+])(?<!\d[.,:/-])\d{3}(?:[ .-]\d{2}){2,3}(?![\w])(?![.,]\d)", _telephone)
    yield _compile("phone", r"(?<![\w+])(?<!\d[.,:/-])\d(?:[ .-]\d){5,14}(?![\w])(?![.,:]\d)", _telephone)
    yield _compile(
        "phone", r"(?<![\w+])(?<!\d[.,:/-])(?P<it>\d{2,}(?:[ /]?[ .-]\d{2,}){1,6})(?![\w])(?![.,:]\d)", _long_number
    )
    yield _compile("id", r"(?<![\w+])(?<!\d[.,:/-])(?P<it>\d{7,})(?![\w])(?![.,:]\d)", _many_figures(7))
    # Plates.
    yield _compile(
        "plate",
        r"(?<![\w-])[A-ZÄÖÜ]{1,3}(?:-[A-Z]{1,2}[ -]?\d{1,4}|[ :][A-Z]{1,2}[ -]\d{3,4}|"
        r"-[A-Z]{1,2} \d{1,4})[EH]?(?![\w-])",
        _plate,
    )  # DE
    yield _compile(
        "plate",
        r"(?<![\w-])[A-Z]{1,2}(?:-\d{1,5} ?[A-Z]{1,3}| \d{3,5} ?[A-Z]{1,3}|-[A-Z]{3,5} ?\d{1,3})(?![\w-])",
        _plate,
    )  # AT
    yield _compile(
        "plate", r"(?<![\w-])(?:[1-9][ -]?[A-Z]{3}[ -]?\d{3}|[A-Z]{3}-\d{3}|\d{3}-[A-Z]{3})(?![\w-])", _plate
    )  # BE
    yield _compile(
        "plate",
        r"(?<![\w-])(?:[A-Z]{1,3}|\d{1,3})-(?:[A-Z]{1,3}|\d{1,3})-(?:[A-Z]{1,3}|\d{1,3})(?![\w-])",
        _dutch_plate,
    )
    yield _compile(
        "plate", r"(?<![\w-])(?:[A-Z]{2}|\d\d)[ ·.](?:[A-Z]{2}|\d\d)[ ·.](?:[A-Z]{2}|\d\d)(?![\w-])", _dutch_plate
    )  # PT
    yield _compile(
        "plate", r"(?<![\w-])(?:[A-Z]{2}[ -]?\d{3}[ -]?[A-Z]{2}|\d{2,4} [A-Z]{2,3} (?:\d\d|2[AB]))(?![\w-])", _plate
    )  # FR
    yield _compile(
        "plate", r"(?<![\w-])(?:\d{4}[ -]?[BCDFGHJKLMNPRSTVWXYZ]{3}|[A-Z]{1,2}-\d{4}-[A-Z]{1,2})(?![\w-])", _plate
    )  # ES
    yield _compile("plate", r"(?<![\w-])\d{2,3}[ -][A-Z]{1,2}[ -]\d{1,6}(?![\w-])", _irish_plate)
    yield _compile("plate", r"(?<![\w-])(?:[A-Z]{2}\d\d ?[A-Z]{3}|[A-Z]\d{1,3} ?[A-Z]{3})(?![\w-])", _plate)  # UK
    yield _compile("id", r"(?<![\w-])(?:[A-Z]{1,3}-?)?[A-Z0-9]{5,12}(?:-[A-Z0-9]{1,2})?(?![\w-])", _mixed_code)
    yield _compile("id", r"(?<![\w-])[A-Z]{1,3}[-/]\d{4,9}(?![\w-])", _plate)
    yield _compile("id", r"(?<![\w.,:/-])0\d{2,5}-\d{2,6}(?![\w])(?![.,:/-]\d)", _no_amount)


def _mixed_or_study(found: re.Match[str]) -> bool:
    """Whether it is like a participant's id, `AT1-07` or `IE2 14`, and not `ICD10 2019` or `B12`."""
    letters, rest = re.match(r"([A-Za-z]+)(.*)", found[0]).groups()  # type: ignore[union-attr]
    if letters.upper() in _NO_PLATE or len(_figures(found)) < 3:
        return False
    return letters.isupper() or (letters.islower() and "-" in rest) or "_" in rest


def _irish_plate(found: re.Match[str]) -> bool:
    year, county, number = re.split("[ -]", found[0])
    sure = "-" in found[0] or len(year) == 3 or len(number) > 3
    return sure and county in _COUNTIES and _no_unit(found)


_COUNTIES = frozenset(
    re.split(" ", "C CE CN CW D DL G KE KK KY L LD LH LK LM LS MH MN MO OY RN SO T TN TS TE W WD WH WX WW LMK")
)


def _long_number(found: re.Match[str]) -> bool:
    """Whether groups of figures are nine figures or more: too many for a dose, a score or clock times."""
    return len(_figures(found)) >= 9 and _telephone(found)


def _year_alone(about: re.Pattern[str], in_year: re.Pattern[str]) -> Test:
    """Return the test whether a year alone is no amount.

    A round number before a noun is an amount (`2000 Mitarbeiter`), unless a word such as `in` stands before it.
    """

    def passes(found: re.Match[str]) -> bool:
        text, begin, end = found.string, found.start("it"), found.end("it")
        before = text[max(0, begin - 24) : begin]
        if not _no_unit(found) or _CURRENCY_BEFORE.search(before):
            return False
        if int(found["it"][:4]) % 10 == 0 and about.search(before):
            return False
        if int(found["it"][:4]) % 50 and in_year.search(before):
            return True
        return not _AMOUNT_AFTER.match(text, end) and (
            bool(int(found["it"][:4]) % 50) or bool(in_year.search(before)) or not _NOUN_AFTER.match(text, end)
        )

    return passes


def _long_weekday(found: re.Match[str]) -> bool:
    """Whether the weekday is written in full: `Freitag, den 13.`, but not `so zwei`."""
    return len(re.findall(r"\w+", found[0])[0]) > 4 and _no_amount(found)


def _dotted_day(found: re.Match[str]) -> bool:
    """Whether `14.10.` is a date where no word before it says so: both parts fit and it is no version or clause."""
    before = found.string[max(0, found.start() - 12) : found.start()]
    return (
        _date_in_figures(found)
        and int(found["other"]) <= 12
        and not re.search(
            r"(?i:version|kapitel|punkt|abschnitt|stufe|level|hoofdstuk|point|section|§|ziffer|seite|frage|score|"
            r"mit|bei|von) ?$",
            before,
        )
    )


def _id_number(found: re.Match[str]) -> bool:
    """Whether the number after a word for an id has two figures, or three after a bare `number`."""
    bare = re.match(r"(?i:nummer|number|num[ée]ro|n[úu]mero|nr|n°|code|id|card|carte|pas|pass|karte)(?![\w])", found[0])
    return len(_figures(found)) >= (3 if bare else 2) and _no_amount(found)


_NOTHING = "(?!)"


def _or_nothing(form: str) -> str:
    return f"(?:{form or _NOTHING})"


def _hint(form: str) -> re.Pattern[str]:
    """Return the search whether any of the words begins in a text."""
    return re.compile(rf"(?i:(?<!\w){_or_nothing(form)})")


# Two figures of a year, where a month or a feast stands before them.
_SHORT_YEAR = r"(?![\w:%])(?![.,]\d)(?! [^\W\d_])"


def _dates(words: Words) -> Iterator[Pattern]:
    """Yield the dates with words of a language in them."""
    long_month = rf"{_or_nothing(words.months)}(?!\w)"
    month = rf"(?:{words.months or _NOTHING}|{_or_nothing(words.short_months)}\.?)(?!\w)"
    a_month, a_long_month = _hint(f"{words.months}|{words.short_months}".strip("|")), _hint(words.months)
    a_weekday, a_feast, a_year = _hint(words.weekdays), _hint(words.feasts), _hint(words.years)
    said_year = rf"{_or_nothing(words.years)}(?!\w)"
    year = rf"(?:{_FULL_YEAR}(?!\w)|'\d\d(?!\w)|{said_year})"
    of = rf"[,.]?[ /-]?{_or_nothing(words.joint)}{{0,2}}"
    article = _or_nothing(words.article)
    weekday = rf"{_or_nothing(words.weekdays)}(?!\w)\.?,? ?{article}?"
    until = rf",? ?(?:{words.until or _NOTHING}|[-/]) ?{article}?"
    figure = rf"{_DAY} ?(?:{_or_nothing(words.ordinal)}(?!\w))?"
    said = rf"{_or_nothing(words.days)}(?!\w)"
    day = f"(?:{figure}|{said})"

    def made(form: str, passes: Test = _always, figures: bool = True, hint: re.Pattern[str] | None = None) -> Pattern:
        return _compile("date", rf"(?i:{form})", passes, figures, hint)

    year_behind = rf"(?:{of}(?:{year}|\d\d{_SHORT_YEAR}))?"
    yield made(rf"{_BEGIN}(?:{weekday})?(?:{day}{until})?{figure}{of}{month}{year_behind}", hint=a_month)
    yield made(
        rf"{_BEGIN}(?:{weekday})?(?:{day}{until})?{said}{of}{long_month}{year_behind}", _always, False, a_long_month
    )
    yield made(rf"(?<!\w){month}{of}{year}", _no_amount, False, a_month)
    yield made(rf"(?<!\w){month} [6-9]\d(?![\w:%])(?![.,]\d)", _no_amount, True, a_month)
    if words.month_first:
        first = rf"(?<!\w)(?:{weekday})?{month},? (?:the )?{day}(?:{until}{day})?(?:,?{of}{year})?"
        yield made(first, _no_amount, False, a_month)
    # The month by its number: `vierzehnten Zehnten zweitausendsechzehn`, `the 14th of the 10th, 2016`.
    by_number = rf"(?:{weekday})?{day} (?:{words.joint or _NOTHING}|of the |van de |du |del |do )?{day}{of}"
    yield made(rf"{_BEGIN}{by_number}{said_year}", _always, False, a_year)
    yield made(rf"{_BEGIN}{by_number}{year}", _no_amount)
    yield made(rf"(?<!\w){weekday}{day}(?!\w)(?= ?[,;!?)]|\.(?!\d)|$|\n)", _long_weekday, False, a_weekday)
    figures = r"(?P<one>\d{1,2}) ?(?P<sign>[./-]) ?(?P<other>\d{1,2})"
    yield made(
        rf"(?<!\w){weekday}{figures}(?: ?[./-] ?'?(?:(?:19|20)\d\d|\d\d)|\.)?(?!\w)", _date_in_figures, hint=a_weekday
    )
    yield made(rf"(?<!\w){weekday}(?:19|20)\d\d-\d\d-\d\d(?!\w)", hint=a_weekday)
    feast = rf"{_or_nothing(words.feasts)},?(?: -)? (?:{words.joint or _NOTHING}|(?:in|en|em|im jahre?|im) ){{0,2}}"
    yield made(
        rf"(?<!\w){feast}(?:{year}|'?[4-9]\d{_SHORT_YEAR})(?:[/-](?:\d\d|{_YEAR})(?!\w))?", _no_unit, False, a_feast
    )
    yield made(rf"(?<!\w){_or_nothing(words.at_day)} (?P<it>{figures}\.?)(?!\w)(?![.,/:-]\d)", _day_and_month)
    yield made(r"(?<![\w.,:/-])(?P<one>\d{1,2})\. ?(?P<other>\d{1,2})\.(?!\w)(?! ?\d)", _dotted_day)
    about = re.compile(rf"(?i:(?<!\w){_or_nothing(words.about)} )$")
    in_year = re.compile(rf"(?i:(?<!\w)(?:{words.in_year or _NOTHING}|{words.months or _NOTHING})\.? )$")
    alone = rf"(?<![\w.,:/+'-])(?P<it>{_YEAR}(?:[/-](?:\d\d|{_YEAR}))?)(?![\w/:'])(?![.,]\d)(?!-\d)"
    yield made(alone, _year_alone(about, in_year))
    yield made(rf"(?<!\w){said_year}", _no_amount, False, a_year)


def _numbers(words: Words) -> Iterator[Pattern]:
    """Yield the numbers behind a word of a language that says what they are."""
    hints = {name: _hint(getattr(words, name)) for name in ("room", "case", "number", "phone", "extension", "plate")}

    def behind(kind: str, name: str, form: str, passes: Test = _always) -> Pattern:
        before = rf"(?<!\w){_or_nothing(getattr(words, name))}"
        return _compile(kind, rf"(?i:{before}{_LINKS}(?P<it>{form}))", passes, True, hints[name])

    room = rf"(?<!\w){_or_nothing(words.room)}"
    numero = r"(?:n\.?[°ºo]\.?|nr\.?|nummer|number|no\.?|numéro|número)"
    figures = (
        r"(?:(?-i:[A-Z]{1,2})[ .-]?)?\d{1,4}(?:[./-]\d{1,4})?(?:-?(?-i:[A-Za-z])| (?-i:[A-Z])| bis| ter)?(?![\w%])"
        r"(?!['.,:/]\d)"
    )
    yield _compile("room", rf"(?i:{room}\.?(?:-| ?{numero} ?| ){figures})", _no_amount, True, hints["room"])
    letter = r"(?-i:[B-DF-HJ-NP-TV-XZ])(?:-?\d{1,3})?(?![\w'.])(?!-\w)"
    yield _compile("room", rf"(?i:{room} {letter})", _always, False, hints["room"])
    said = rf"{_or_nothing(words.numbers)}(?: ?(?-i:[A-Z]))?(?!\w)"
    yield _compile("room", rf"(?i:{room} (?:{numero} )?{said})", _no_amount, False, hints["room"])
    yield behind("case", "case", rf"{_CODE}(?!\w)", _case_number)
    yield behind("case", "case", _LETTERED)
    yield behind("id", "number", rf"{_CODE}(?!\w)", _id_number)
    yield behind("phone", "phone", rf"[+(]?\d(?:{_GAP}\d){{4,14}}(?!\w)(?![.,:]\d)", _telephone)
    yield behind("phone", "extension", r"\d(?:[ .-]?\d){1,6}(?!\w)(?![.,:/]\d)", _no_amount)
    letters = r"(?-i:[A-ZÄÖÜ]{1,3})"
    plate = rf"{_CODE}|{letters}(?:[ -]{letters})?[ -]\d{{1,5}}(?:[ -]?{letters})?(?!\w)"
    yield behind("plate", "plate", plate, _no_amount)


def _spoken(words: Words) -> Iterator[Pattern]:
    """Yield telephone numbers, e-mail and web addresses as they are said."""
    more = r"(?:(?:double|treble|triple|doppel|dubbel) ?)?"
    digit, a_zero = _or_nothing(words.digits), _hint(words.zero)
    yield _compile("phone", rf"(?i:(?<!\w){digit}(?:[ ,-]+{more}{digit}(?!\w)){{5,}})", _always, False)
    number = (
        rf"(?:{words.zero or _NOTHING}|{words.numbers or _NOTHING}|{words.digits or _NOTHING}|cent|cento|cien)(?!\w)"
    )
    zero_first = rf"(?<!\w){_or_nothing(words.zero)}(?!\w)(?:[ ,-]+{number}){{3,}}"
    yield _compile("phone", rf"(?i:{zero_first})", _always, False, a_zero)
    a_dot = re.compile(rf"(?i:(?<!\w){_or_nothing(words.dot)}(?!\w)|\.\w)")
    word, dot = "[a-z0-9à-ÿ_+-]+", rf"(?:\.| {_or_nothing(words.dot)} )"
    address = (
        rf"(?<!\w){word}(?:{dot}{word})* {_or_nothing(words.at)} {word}(?:{dot}{word})*{dot}(?:{_SPOKEN_DOMAINS})(?!\w)"
    )
    yield _compile("email", rf"(?i:{address})", _always, False, a_dot)
    said = rf" {_or_nothing(words.dot)} "
    path = rf"(?: (?:slash|schrägstrich|barra|barre oblique|schuine streep) {word})*"
    yield _compile("url", rf"(?i:(?<!\w)(?:www|w w w){said}{word}(?:{said}{word})*{path})", _always, False, a_dot)
    domains = r"(?:example|org|com|eu)(?!\w)"
    yield _compile("url", rf"(?i:(?<!\w){word}(?:{said}{word})*{said}{domains}{path})", _always, False, a_dot)


@cache
def patterns(language: str) -> tuple[Pattern, ...]:
    """Return the forms of identifiers in a language, common ones first; English words for a language without tables."""
    words = LANGUAGES.get(language[:2].lower(), LANGUAGES["en"])
    return (*_common(), *_dates(words), *_numbers(words), *_spoken(words))


def find(view: str, language: str) -> list[Mark]:
    """Return what is known by its form in a plain view of a text.

    Parameters
    ----------
    view : str
        The text with figures 0-9, plain dashes and apostrophes and single blanks; U+FFFC stands for what is left out.
    language : str
        Two-letter code.

    Returns
    -------
    list of Mark
        Every stretch found, overlapping ones too; a lower rank is surer.
    """
    marks = []
    figures = any(map(str.isdecimal, view))
    hinted: dict[re.Pattern[str] | None, bool] = {None: True}
    for rank, pattern in enumerate(patterns(language)):
        if pattern.figures and not figures:
            continue
        if pattern.hint not in hinted:
            hinted[pattern.hint] = bool(pattern.hint and pattern.hint.search(view))
        if not hinted[pattern.hint]:
            continue
        group = "it" if "it" in pattern.form.groupindex else 0
        for found in pattern.form.finditer(view):
            if pattern.passes(found):
                marks.append(Mark(found.start(group), found.end(group), pattern.kind, rank))
    return marks
