"""The review of one item: what people said of it, and a form for one more conclusion, before or after the verdict."""

import streamlit as st

from contracts.messages import MediaVerdict
from dashboard import marks, opinion_first, reviews
from dashboard.access import AccessDenied, Principal, local_operator
from dashboard.reports.content import REVIEW_HEAD, review_table
from dashboard.reports.data import labels_csv
from dashboard.reviews import BASIS_WORDS, LONGEST_NOTE, OUTCOME_WORDS, Basis, Outcome, Review, ReviewIncomplete
from dashboard.session import engine, principal, reader_zone

_NAME = "reviewer_name"
_ROUND = "review_round"


def reviewer() -> str:
    """Under which name this session reviews; on a server without logins whoever sits there says it."""
    return st.session_state.get(_NAME) or principal().name


def draw_reviews(media_id: str, verdict: MediaVerdict | None) -> None:
    """What was said so far, the form, and the labels of all items for an evaluation."""
    said = reviews.reviews_of(engine(), media_id)
    if said:
        st.html(marks.table(REVIEW_HEAD, review_table(said, reader_zone()), caption="Every review, newest first"))
    else:
        st.caption("Nobody has reviewed this item yet. A review stands beside the verdict and never changes it.")
    draw_form(media_id, verdict)
    database = engine()  # asked here, because the file is made where there is no page
    st.download_button(
        "Labels of all reviewed items (CSV)",
        lambda: labels_csv(reviews.labels(database)),
        file_name="telltale-labels.csv",
        mime="text/csv",
        on_click="ignore",
        key="labels",
    )


def draw_form(media_id: str, verdict: MediaVerdict | None) -> None:
    """The form; a conclusion that lacks something is kept as it was written, with a word on what is missing."""
    who = principal()
    with st.form(f"review_{media_id}_{st.session_state.get(_ROUND, 0)}"):
        outcome = st.radio("Conclusion", list(Outcome), index=None, format_func=OUTCOME_WORDS.__getitem__)
        basis = st.pills("It rests on", list(Basis), selection_mode="multi", format_func=BASIS_WORDS.__getitem__)
        note = st.text_area("Note", max_chars=LONGEST_NOTE, height=90)
        name = st.text_input("Who reviews", value=reviewer(), disabled=not _may_sign(who))
        use = st.checkbox("May be used to evaluate and train detectors")
        sent = st.form_submit_button("Save the review", type="primary")
    if not sent:
        return
    if outcome is None:
        st.warning("Choose a conclusion first.", icon=":material/edit:")
        return
    review = Review(
        media_id=media_id,
        outcome=outcome,
        reviewer=name if _may_sign(who) else who.name,
        basis=tuple(basis or ()),
        note=note,
        event_id=verdict.event_id if verdict else None,
        before_verdict=opinion_first.is_on() and not opinion_first.was_seen(media_id),
        for_evaluation=use,
    )
    _save(review, who)


def _may_sign(who: Principal) -> bool:
    # Without logins everybody is the one local principal, and only a name tells people apart.
    return who == local_operator()


def _save(review: Review, who: Principal) -> None:
    try:
        reviews.add(engine(), review, who)
    except (ReviewIncomplete, AccessDenied) as why:
        st.warning(str(why), icon=":material/edit:")
        return
    st.session_state[_NAME] = review.reviewer.strip()
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.toast("Saved. The verdict stays as it is.")
    st.rerun()
