"""Acts: what a question wants to have done, which no answer does, and the command that does it.

>>> asked_act("please restart nightly-etl").command
'orcaops jobs rerun JOB'
>>> asked_act("which jobs were restarted?") is None
True
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """Something that shall be done: its verb, and the command line that does it."""

    verb: str
    command: str
    how: bool = False  # whether it is only asked how to do it


_LIMITS = r"(?=.*\b(?:timeout|memory|ram|cpus?|limits?)\b)"
_OF_OPINIONS = "orcaops anomalies ack ID"
_TABLE = (
    (r"delete|remove|erase|purge|prune|wipe|clean(?: up)?|clear|archive", "orcaops gc --dry-run"),
    (r"re-?run|restart|re-?start|retry|re-?try|relaunch|repeat|reboot|redo", "orcaops jobs rerun JOB"),
    (r"cancel|stop|kill|terminate|abort|shut down|halt", "orcaops jobs cancel JOB"),
    (r"start|launch|trigger|execute|submit|run|kick off|schedule|deploy", "orcaops run -- COMMAND"),
    (r"reset|forget", "orcaops baselines reset KEY"),
    (r"approve|accept", "orcaops optimizations approve ID"),
    (r"roll ?back|revert|undo", "orcaops optimizations rollback ID"),
    (r"acknowledge|ack|mute|silence|snooze|ignore", _OF_OPINIONS),
    (r"resolve|close", "orcaops anomalies resolve ID --resolution TEXT"),
    (r"dismiss|reject", "orcaops recommendations dismiss ID --reason TEXT"),
    (r"apply", "orcaops recommendations apply ID"),
    (rf"(?:set|change|increase|raise|bump|lower|reduce|decrease|adjust|double|halve|limit){_LIMITS}",
        "orcaops run --memory SIZE --timeout TIME -- COMMAND"),
    (r"enable|disable|turn (?:on|off)|switch (?:on|off)", "orcaops optimize --mode MODE"),
    (r"import|load", "orcaops import FILE"),
    (r"export", "orcaops export QUERY > FILE"),
    (r"download", "orcaops jobs download JOB"),
    (r"notify|alert|warn|email|page|message|send|post|set|change|rename|move|create|add|install", ""),
    (r"upgrade|update|assign|write|edit|merge|push|commit|build|test", ""),
)  # fmt: skip
_VERB = "|".join(f"(?P<v{number}>{verbs})" for number, (verbs, _) in enumerate(_TABLE))
_NOUNS = r"rates?|counts?|times?|history|duration|of|on|in|with|by|per|that|which|vs|versus|since|today|after"
_OBJECT = (  # what an order is about; without one these words are nouns as well
    r"(?:the|all|every|everything|each|any|this|that|these|those|my|our|your|it|its|them|a|an|jobs?|runs?"
    r"|old|failed|running|job|up|me|us)\b|\S*[-_./:\d]\S*"
)
_NOUNS_TOO = re.compile(
    r"deploy|build|test|change|update|upgrade|alert|warn|page|message|email|post|load|limit|repeat|set|commit"
    r"|merge|push|schedule|import|export|release|submit|trigger|start|close|run"
)
_DETERMINED = r"(?:the|all|every|everything|this|that|these|those|my|our|your|it|them|a|an|me|us)\b"
_ASKED = re.compile(
    r"(?:(?:please|pls|plz|hey|hi|hello|ok|okay|orcaops|kindly|just|now|then|so|and|go ahead and|let'?s"
    r"|let us|(?:can|could|would|will) you"
    r"|you (?:must|should|can|could)"
    r"|i(?:'d| would)? (?:want|like|need)(?: you)?(?: to)?|i need you to"
    r"|we (?:want|need|should|must)(?: you)? to|make sure to|remember to)[ ,:]+)*"
    rf"(?:{_VERB})\b(?! (?:{_NOUNS})\b)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_HOW = re.compile(
    r"how (?:do|can|could|should|would|to|must)(?: (?:i|we|you|one))? "
    r"(?=(?:delete|remove|purge|re-?run|restart|retry|cancel|kill|terminate|abort|reset|approve|roll ?back"
    r"|ack|acknowledge|dismiss|import|export|download|start|launch|trigger|submit)\b)",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"delete|remove|erase|purge|wipe|restart|reboot|terminate|cancel|kill|stop|approve|re-?run"
    r"|abort|halt|disable|enable|undo|relaunch|redo"
)


def asked_act(question: str) -> Act | None:
    """What shall be done instead of told, or how it is done; None for a question about runs."""
    text = " ".join(question.split())
    how = _HOW.match(text)
    found = _ASKED.match(text[how.end() :] if how else text)
    if found is None:
        return None
    group = next(name for name, value in found.groupdict().items() if name != "rest" and value)
    verb = found[group].lower()
    noun = _NOUNS_TOO.fullmatch(verb) and not (verb == "run" and re.match(r" +[\w.]*[-_/]\w", found["rest"]))
    wanted = _DETERMINED if noun else _OBJECT
    objects = re.match(rf" +(?:{wanted})", found["rest"], re.IGNORECASE)
    alone = _PLAIN.fullmatch(verb) and not re.match(r"\S", found["rest"])
    if not (how or objects or alone):
        return None
    return Act(verb, _TABLE[int(group[1:])][1], how=how is not None)
