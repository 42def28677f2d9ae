import base64
import random
import string
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops.model.job import JobSpec
from orcaops.recording.redaction import Redactor, is_secret_name, redact_spec, secrets_of

R = Redactor()
HEX = "3f786850e387550fdab836ed7e6dc881de23001b"

# Put together here, so that nothing in this file looks like a leaked secret.
TOKENS = [
    "ghp_" + "a1B2" * 9,
    "gho_" + "Zz9" * 12,
    "github_pat_" + "a1B2_" * 12,
    "glpat-" + "x1Y2z3" * 4,
    "AKIA" + "ABCDEFGH12345678",
    "xoxb-" + "123456-abcdef",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0." + "c2lnbmF0dXJl",
]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("frame", ["{}", "using {} now", "x='{}'", "({})", "a\n{}\nb"])
def test_tokens_of_known_services(token: str, frame: str) -> None:
    masked = R.text(frame.format(token))
    assert token not in masked
    assert "***" in masked


SHAPES = [
    ("Authorization: Bearer abc.def-123456", "Authorization: Bearer ***"),
    ("curl -H 'Authorization: Basic dXNlcjpwYXNz'", "curl -H 'Authorization: Basic ***'"),
    ("postgres://joe:s3cr3t@db:5432/x", "postgres://joe:***@db:5432/x"),
    ("https://x-access-token:abcd1234@github.com/a/b", "https://x-access-token:***@github.com/a/b"),
    ("mysql --password hunter22 -h db", "mysql --password *** -h db"),
    ("tool --token=abcdef --x=1", "tool --token=*** --x=1"),
    ("DB_PASSWORD=hunter22 run", "DB_PASSWORD=*** run"),
    ("export AWS_SECRET_ACCESS_KEY=abcd/efgh+ijkl", "export AWS_SECRET_ACCESS_KEY=***"),
    ('{"client_secret": "abcdef", "id": 3}', '{"client_secret": "***", "id": 3}'),
    ("password: hunter22", "password: ***"),
    ('API_KEY="a b c d"', 'API_KEY="***"'),
]


@pytest.mark.parametrize(("text", "masked"), SHAPES)
def test_shapes(text: str, masked: str) -> None:
    assert R.text(text) == masked


@pytest.mark.parametrize(("text", "masked"), SHAPES)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_shapes_with_pauses_anywhere(text: str, masked: str, size: int) -> None:
    raw = text.encode()
    stream = R.stream()
    out = b"".join(stream.feed(raw[i : i + size]) + stream.flush() for i in range(0, len(raw), size))
    assert (out + stream.finish()).decode() == masked


def test_hostile_output_costs_no_time() -> None:
    begin = time.process_time()
    for piece in (b"token", b"://:", b"-----BEGIN ", b"eyJ", b"password= ", b"a=b "):
        stream = Redactor(["abcabcabd" * 20]).stream()
        for _ in range(20):
            stream.feed(piece * 3000)
            stream.flush()
    assert time.process_time() - begin < 10.0


@pytest.mark.parametrize(
    "text",
    [
        f"commit {HEX}",
        "id 123e4567-e89b-12d3-a456-426614174000",
        "sha256:" + HEX,
        "data:image/png;base64," + base64.b64encode(random.Random(1).randbytes(600)).decode(),
        "SyntaxError: Unexpected token: } in line 3",
        "12 tests passed, 3 failed; author: Joe; path=/usr/bin",
        "http://localhost:8080/path?x=1",
        "--token-file /run/token --password-stdin",
        "TOKEN=$TOKEN PASSWORD=${PW} SECRET=<secret>",
        "MAX_TOKENS=4096 TOKENIZERS_PARALLELISM=false GIT_AUTHOR_NAME=Joe",
        "basic authentication failed, bearer certificate missing",
        "token = parser.next_token()",
        """    password = os.environ["DB_PASSWORD"]""",
        """connect(password=os.environ.get('PW'), token=os.getenv("TOKEN"), secret: process.env.SECRET)""",
        """secret = ENV["APP_SECRET"]""",
        "password: ***",
        "Unpacking libsecret-1-0:amd64 and gir1.2-secret-1 (0.16), gpg --secret-keyring /tmp/x1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert R.text(text) == text


def test_private_keys() -> None:
    body = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" + str(i) for i in range(20))
    text = f"before\n-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\nafter\n"
    for size in (1, 7, 50, 10_000):
        stream = R.stream()
        raw = text.encode()
        out = b"".join(stream.feed(raw[i : i + size]) + stream.flush() for i in range(0, len(raw), size))
        out += stream.finish()
        assert b"MIIE" not in out
        assert out.startswith(b"before\n")
        assert out.endswith(b"after\n")


def test_a_key_that_never_ends_does_not_mask_for_ever() -> None:
    stream = R.stream()
    stream.feed(b"-----BEGIN PRIVATE KEY-----\n")
    out = b"".join(stream.feed(b"line %d\n" % i) for i in range(20_000))
    assert out.endswith(b"line 19999\n")


def test_known_values_in_other_writings() -> None:
    secret = "p@ss/w+rd ünd mehr"
    redactor = Redactor([secret])
    raw = secret.encode()
    for text in (
        secret,
        quote(secret, safe=""),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
    ):
        assert redactor.text(f"<{text}>").startswith("<***"), text
    for before in (b"u:", b"user:", b"abc:"):
        inside = base64.b64encode(before + raw + b"xyz").decode()
        assert base64.b64encode(raw).decode()[8:20] not in redactor.text(inside)
        assert "***" in redactor.text(inside)


def test_lines_of_a_secret_with_lines() -> None:
    redactor = Redactor(["first line\nsecond line"])
    assert redactor.text("a first line b") == "a *** b"


def test_names() -> None:
    yes = "PASSWORD DB_PASSWORD dbPassword GITHUB_TOKEN API_KEY apiKey SECRET client_secret AUTH PGPASSWORD"
    no = "AUTHOR PATH PWD TOKEN_FILE SSH_AUTH_SOCK MAX_TOKENS KEYBOARD MONKEY COMPASS HOME PASSWORD_LENGTH"
    assert [n for n in yes.split() if not is_secret_name(n)] == []
    assert [n for n in no.split() if is_secret_name(n)] == []


SECRET = (
    st.text(string.ascii_letters + string.digits + "_-+/=.:@ ", min_size=4, max_size=40)
    .map(str.strip)
    .filter(lambda s: len(s) >= 4 and not s.isdigit())
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(SECRET, min_size=1, max_size=3),
    st.lists(st.one_of(st.text("ab \n", max_size=20), st.integers(0, 2)), max_size=12),
    st.data(),
)
def test_no_known_secret_leaks_however_it_is_cut(secrets, parts, data) -> None:
    redactor = Redactor(secrets)
    known = [s for s in secrets if redactor.text(s) != s]
    text = "".join(secrets[p % len(secrets)] if isinstance(p, int) else p for p in parts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    stream, whole = redactor.stream(), redactor.stream()
    out = b""
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        out += stream.feed(text[begin:end])
        if data.draw(st.booleans()):
            out += stream.flush()
    out += stream.finish()
    for secret in known:
        assert secret.encode() not in out
    # Without pauses in the middle of lines, cutting makes no difference at all.
    quiet = redactor.stream()
    again = b"".join(quiet.feed(text[b:e]) for b, e in zip([0, *cuts], [*cuts, len(text)], strict=True))
    assert again + quiet.finish() == whole.feed(text) + whole.finish()


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(TOKENS), st.text("ab :=\n", max_size=30), st.text("ab ;\n", max_size=30), st.data())
def test_no_token_leaks_however_it_is_cut(token, before, after, data) -> None:
    text = f"{before} {token} {after}".encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    stream = R.stream()
    out = b""
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        out += stream.feed(text[begin:end]) + stream.flush()
    out += stream.finish()
    assert token.encode()[6:] not in out


@given(st.text())
def test_text_without_secrets_comes_back(text: str) -> None:
    stream = Redactor(["only-this-secret"]).stream()
    raw = text.replace("*", "").encode("utf-8", "surrogatepass")
    if R.data(raw) == raw:
        assert stream.feed(raw) + stream.flush() + stream.finish() == raw


def test_long_lines_are_given_out() -> None:
    stream = Redactor(["sesame-open"]).stream()
    out = b""
    for _ in range(100):
        out += stream.feed(b"x" * 9_995 + b"sesam")
        out += stream.feed(b"e-open")
    assert len(stream._line) < 200_000
    out += stream.finish()
    assert b"sesame" not in out
    assert out.count(b"***") == 100


def test_specs() -> None:
    spec = JobSpec(
        image="x",
        command=("deploy", "--password", "hunter22", "--url", "https://a:pass1234@h/", "--dry-run"),
        env={"API_TOKEN": "tok-123456", "MODE": "fast", "NOTE": "uses tok-123456", "EMPTY_TOKEN": ""},
        labels={"team": "a"},
        intent="run with tok-123456",
    )
    shown = redact_spec(spec)
    assert shown.command == ("deploy", "--password", "***", "--url", "https://a:***@h/", "--dry-run")
    assert shown.env == {"API_TOKEN": "***", "MODE": "fast", "NOTE": "uses ***", "EMPTY_TOKEN": ""}
    assert shown.intent == "run with ***"
    assert set(secrets_of(spec)) == {"hunter22", "pass1234", "tok-123456"}
    assert JobSpec.model_validate(shown.model_dump()) == shown
    line = JobSpec(shell="PGPASSWORD=hunter22 psql")
    assert redact_spec(line).shell == "PGPASSWORD=*** psql"
    assert secrets_of(line) == ("hunter22",)
