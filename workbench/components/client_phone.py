"""A client's phone, on the Client page: the link, how the client is reached, and messages in both directions."""

from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from core.errors import InputError
from core.services import Store, contacts, moments, outbox, phones
from core.services.outbox import settings
from workbench.cells import moment
from workbench.components import plain_table
from workbench.components.text import plain, sentence, small

SECTION = "Phone"
TOLD = "phone_told"
ONLY_HERE = (
    "Spotter answers this machine only, so this link opens on no phone yet. For that the clinic puts a reverse proxy "
    "with https before it that passes on `/phone/` and `/api/steps` and nothing else, and its address is entered under "
    "Messages to clients on the Data and models page."
)
PUBLIC = (
    "Works where {address} is reached. The reverse proxy there must pass on `/phone/` and `/api/steps` and "
    "nothing else."
)
STATES = {
    "waiting": "waiting",
    "sending": "being sent",
    "sent": "sent",
    "failed": "✗ failed",
    "unknown": "? may have arrived",
    "skipped": "– not sent",
}


def unread_words(count: int) -> str:
    """How many new messages there are, in words."""
    return f"{count} new message{'' if count == 1 else 's'}"


def notice(store: Store, client_id: int) -> None:
    """In the page's header: that the client has written, and the way there."""
    if count := phones.unread(store, client_id):
        st.button(
            unread_words(count),
            key="unread",
            icon=":material/mark_unread_chat_alt:",
            type="primary",
            on_click=_open_section,
        )


def _open_section() -> None:
    st.session_state["section"] = SECTION


def draw(store: Store, client: dict[str, Any], user: str) -> None:
    """Draw the whole section."""
    if told := st.session_state.pop(TOLD, ""):
        st.success(told, icon=":material/check_circle:")
    left, right = st.columns([5, 7], gap="large")
    with left:
        _link(store, client, user)
        _contact(store, client, user)
    with right:
        _messages(store, client, user)
        _sent(store, client)


def _link(store: Store, client: dict[str, Any], user: str) -> None:
    st.header("Link for the phone", anchor=False)
    standing = [row for row in phones.links_of(store, client["id"]) if not row["revoked_at"]]
    if not standing:
        st.markdown(
            "Whoever has the link sees today’s goal, the steps of the last seven days and the client’s own messages, "
            "can write to you, and can send step counts. Nothing else of Spotter can be reached with it."
        )
    for row in standing:
        _standing(store, client, user, row)
    if st.button(
        "Create another link" if standing else "Create a link",
        icon=":material/add_link:",
        type="secondary" if standing else "primary",
    ):
        phones.create_link(store, client["id"], by=user, now=moments.now())
        st.session_state[TOLD] = "A link was created."
        st.rerun()


def _standing(store: Store, client: dict[str, Any], user: str, row: dict[str, Any]) -> None:
    address = phones.address(store)
    here = _here()
    with st.container(border=True, gap="small", key=f"link_{row['id']}"):
        st.code(f"{address or here}/phone/{row['token']}", language=None, wrap_lines=True)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.link_button(
                "See what the client sees",
                f"{here}/phone/{row['token']}?as=trainer",
                icon=":material/smartphone:",
            )
            with st.popover("Take back", icon=":material/link_off:"):
                st.markdown("The link then shows nothing any more and takes no counts, for good.")
                if st.button("Take this link back", key=f"revoke_{row['id']}", type="primary"):
                    phones.revoke_link(store, client["id"], row["id"], by=user, now=moments.now())
                    st.session_state[TOLD] = "The link was taken back."
                    st.rerun()
        zone = client["time_zone"]
        used = f"last used {moment(row['last_used_at'], zone)}" if row["last_used_at"] else "not used yet"
        small(plain(f"Created by {row['author']}, {moment(row['created_at'], zone)}; {used}."))
        small(PUBLIC.format(address=plain(address)) if address else ONLY_HERE)
        with st.expander("Sending step counts"):
            st.markdown(
                "A phone’s shortcut or app sends counts like this, one or up to a hundred in a list. Sent twice, "
                "late or out of order, the count measured last is the one that stands."
            )
            st.code(_example(address or here, row["token"]), language="bash", wrap_lines=True)


def _example(address: str, token: str) -> str:
    now = moments.now()
    body = f'{{"day": "{now:%Y-%m-%d}", "steps": 5213, "measured_at": "{now:%Y-%m-%dT%H:%M:%SZ}"}}'
    return (
        f'curl -X POST {address}/api/steps -H "Authorization: Bearer {token}" -H "Content-Type: application/json" \\\n'
        f"  -d '{body}'"
    )


def _here() -> str:
    """Where the trainer's own browser reaches the workbench."""
    parts = urlsplit(st.context.url or "http://127.0.0.1:8501")
    return f"{parts.scheme}://{parts.netloc}"


def _contact(store: Store, client: dict[str, Any], user: str) -> None:
    st.header("Messages to the client", anchor=False)
    now = contacts.contact(store, client["id"])
    channel = settings.read(store).channel
    zones = contacts.time_zones()
    with st.form("contact"):
        email = st.text_input("E-mail address", now["email"], max_chars=254)
        zone = st.selectbox(
            "Time zone", zones, index=zones.index(now["time_zone"]) if now["time_zone"] in zones else None
        )
        wants = st.checkbox(
            "Wants the goal at 08:00, and a word at 20:00 when it was met", now["wants_messages"]
        )
        if st.form_submit_button("Save", icon=":material/save:"):
            try:
                contacts.save(
                    store,
                    client["id"],
                    email=email,
                    wants_messages=wants,
                    time_zone=zone or "",
                    by=user,
                    now=moments.now(),
                )
            except InputError as error:
                st.error(sentence(str(error)), icon=":material/error:")
            else:
                st.session_state[TOLD] = "Saved."
                st.rerun()
    if channel == settings.OFF:
        small("Nothing is sent yet: sending is set up under Messages to clients on the Data and models page.")
    elif client["synthetic"] and now["wants_messages"]:
        small("A message about this client says that the data is synthetic.")


def _messages(store: Store, client: dict[str, Any], user: str) -> None:
    st.header("From the client", anchor=False)
    written = phones.messages_from(store, client["id"])
    if not written:
        st.markdown("No messages yet. What the client writes on the phone page stands here.")
        return
    new = sum(row["read_at"] is None for row in written)
    if new and st.button(f"Mark {unread_words(new)} as read", icon=":material/done_all:"):
        phones.mark_read(store, client["id"], up_to=written[0]["id"], by=user, now=moments.now())
        st.rerun()
    zone = client["time_zone"]
    for row in written:
        with st.container(border=True, gap="xxsmall", key=f"message_{row['id']}"):
            if row["read_at"] is None:
                st.badge("new", icon=":material/mark_unread_chat_alt:", color="blue")
            st.text(row["text"])
            read = f", read by {row['read_by']}" if row["read_at"] else ""
            small(plain(f"{moment(row['at'], zone)}{read}"))


def _sent(store: Store, client: dict[str, Any]) -> None:
    log = outbox.log(store, client["id"])
    st.header("Sent to the client", anchor=False)
    if not log:
        st.markdown("Nothing was sent yet.")
        return
    zone = client["time_zone"]
    plain_table.draw(
        [f"Due ({zone})", "Message", "What became of it"],
        [
            [
                moment(row["due_at"], zone),
                row["subject"],
                _became(row, zone),
            ]
            for row in log
        ],
        caption="Messages to the client, the latest first",
    )


def _became(row: dict[str, Any], zone: str) -> str:
    state, error = STATES[row["state"]], row["error"]
    if row["state"] == "skipped":
        return str(error)
    if row["sent_at"]:
        state += f" {moment(row['sent_at'], zone)}"
    elif row["state"] == "waiting" and row["attempts"]:
        state += f", tried {row['attempts']}×"
    return f"{state} · {error}" if error else state
