"""Messages to clients, on the Data page: how they leave, and where phones reach the workbench."""

import streamlit as st

from core.errors import InputError
from core.services import Store, moments, outbox, phones, secret_files
from core.services.outbox import settings
from core.services.outbox.settings import Sending
from workbench.components.client_phone import STATES
from workbench.components.text import plain, sentence, small

TOLD = "sending_told"
CHANNELS = {
    settings.OFF: "Off",
    settings.EMAIL: "By e-mail (SMTP)",
    settings.WEBHOOK: "By a webhook",
}
SECURITIES = {
    settings.STARTTLS: "STARTTLS (usually port 587)",
    settings.TLS: "TLS (usually port 465)",
    settings.NONE: "None (a server on this machine only)",
}
HELP = (
    "At 08:00 in their own time zone clients learn the day’s goal, and at 20:00 those who met it get a word of praise: "
    "only clients for whom that was set on their page, and each message once. A message that cannot leave within two "
    "hours is not sent any more; what became of each stands on the client’s page."
)


def draw(store: Store, user: str) -> None:
    """Draw the settings; nothing is sent unless somebody sets it up here."""
    st.markdown(HELP)
    if told := st.session_state.pop(TOLD, ""):
        st.success(told, icon=":material/check_circle:")
    now = settings.read(store)
    channel = st.segmented_control(
        "Messages leave",
        list(CHANNELS),
        default=now.channel,
        format_func=CHANNELS.__getitem__,
        required=True,
        key="sending_channel",
    )
    with st.form("sending"):
        if channel == settings.EMAIL:
            given, secret = _email(store, now)
        elif channel == settings.WEBHOOK:
            given, secret = _webhook(store, now)
        else:
            given, secret = Sending(), ""
            st.markdown("Nothing is sent to anybody.")
        if st.form_submit_button("Save", icon=":material/save:"):
            _save(store, given, secret, user)
    if now.channel != settings.OFF:
        _trial(store, now, user)
    _standing(store)
    with st.form("phone_address"):
        address = st.text_input(
            "Address at which phones reach the workbench",
            phones.address(store),
            placeholder="https://steps.example.org",
            help="Of the clinic’s reverse proxy, which passes on `/phone/` and `/api/steps` and nothing else. "
            "Left empty, links open on this machine only.",
        )
        if st.form_submit_button("Save address", icon=":material/save:"):
            try:
                phones.set_address(store, address, by=user)
            except InputError as error:
                st.error(sentence(str(error)), icon=":material/error:")
            else:
                st.session_state[TOLD] = "The address was saved; links are shown with it from now on."
                st.rerun()


def _email(store: Store, now: Sending) -> tuple[Sending, str]:
    left, middle, right = st.columns([3, 1, 2])
    host = left.text_input("SMTP server", now.host, placeholder="smtp.example.org")
    port = middle.number_input("Port", 1, 65535, now.port)
    security = right.selectbox(
        "Encryption",
        list(SECURITIES),
        index=list(SECURITIES).index(now.security),
        format_func=SECURITIES.__getitem__,
    )
    left, middle, right = st.columns(3)
    sender = left.text_input("Messages come from", now.sender, placeholder="trainer@example.org")
    user = middle.text_input("User name", now.user, help="Left empty, nobody signs in.")
    kept = secret_files.read(store, secret_files.SMTP_PASSWORD) is not None
    password = right.text_input(
        "Password",
        type="password",
        placeholder="one is kept; type to replace it" if kept else "",
        help=f"Kept in a file of the data folder that only its owner can read, not in the database. The environment "
        f"variable {settings.PASSWORD_VARIABLE} counts more.",
    )
    given = Sending(
        channel=settings.EMAIL, host=host, port=int(port), security=security, user=user, sender=sender
    )
    return given, password


def _webhook(store: Store, now: Sending) -> tuple[Sending, str]:
    url = st.text_input(
        "Address",
        now.url,
        placeholder="https://example.org/goals",
        help="Kept in the database and so in its copies: put no secret in it. Requests are signed instead.",
    )
    with st.expander("How a request is checked"):
        st.markdown(
            "Each message is a POST with JSON (`id`, `kind`, `day`, `client`, `address`, `subject`, `text`). "
            "The header `Spotter-Signature` is `t=SECONDS,v1=HEX`: HEX is the HMAC-SHA256 of `SECONDS.BODY` under "
            "this secret. A request may come twice with the same `Idempotency-Key`; the second is to be answered with "
            "200 and ignored."
        )
        st.code(settings.webhook_secret(store), language=None)
    return Sending(channel=settings.WEBHOOK, url=url), ""


def _save(store: Store, given: Sending, secret: str, user: str) -> None:
    try:
        settings.save(store, given, by=user, now=moments.now())
    except InputError as error:
        st.error(sentence(str(error)), icon=":material/error:")
        return
    if secret:
        secret_files.write(store, secret_files.SMTP_PASSWORD, secret)
    st.session_state[TOLD] = f"Saved. Messages leave: {CHANNELS[given.channel].lower()}."
    st.rerun()


def _trial(store: Store, now: Sending, user: str) -> None:
    with st.form("trial"), st.container(horizontal=True, vertical_alignment="bottom"):
        address = st.text_input("Trial message to", now.sender) if now.channel == settings.EMAIL else ""
        if st.form_submit_button("Send a trial message", icon=":material/send:"):
            try:
                outbox.send_trial(store, address, by=user, now=moments.now())
            except InputError as error:
                st.error(sentence(str(error)), icon=":material/error:")
            else:
                st.success("The trial message has left.", icon=":material/check_circle:")


def _standing(store: Store) -> None:
    counts = outbox.standing(store, moments.now())
    if counts:
        words = ", ".join(f"{STATES[state]} {counts[state]:,}" for state in STATES if state in counts)
        small(plain(f"Messages of the last seven days: {words}."))
