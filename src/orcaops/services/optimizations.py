"""Optimizations: the changes on probation, and what people decide about them."""

from collections.abc import Iterator

from orcaops.improving.optimizations import Event
from orcaops.model.check import Check
from orcaops.model.errors import conflict
from orcaops.model.optimization import Asked, FieldMode, Mode, Optimization, State, asked_about
from orcaops.model.override import OptimizedField
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.recording.store import Store
from orcaops.services.trying.moves import Moves

_PAST = 200


class Optimizations:
    """Changes on probation: list, look at, approve, reject, take back; and how much may happen by itself."""

    def __init__(self, store: Store, moves: Moves) -> None:
        self._store = store
        self._moves = moves

    def optimizations(
        self,
        workspace: str,
        *,
        state: State | None = None,
        key: str | None = None,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Optimization]:
        """Changes in a state, of a key or with ``text`` in it (None: all), the one that moved last first."""
        with self._store.read() as transaction:
            return transaction.optimizations.page(
                workspace,
                state=str(state) if state is not None else None,
                key=key,
                text=text,
                limit=limit,
                cursor=cursor,
            )

    def optimization(self, workspace: str, optimization_id: str) -> Optimization:
        """One change with its history. Raises ``not_found``."""
        with self._store.read() as transaction:
            return transaction.optimizations.get(workspace, optimization_id)

    def waiting(self, workspace: str, key: str) -> tuple[Asked, ...]:
        """The changes of a job that wait for somebody's approval, where people want to be asked."""
        with self._store.read() as transaction:
            proposed = [
                each
                for each in transaction.optimizations.of_key(workspace, key)
                if each.state is State.PROPOSED
            ]
            if not proposed:
                return ()
            modes = self._moves.modes(transaction, workspace)
        return asked_about(proposed, modes.values())

    def checks(self) -> Iterator[Check]:
        """For ``doctor``: what waits for somebody's approval, and what is being tried, in each workspace."""
        with self._store.read() as transaction:
            for workspace in transaction.runs.workspaces():
                modes = self._moves.modes(transaction, workspace)
                proposed = transaction.optimizations.page(
                    workspace, state=str(State.PROPOSED), limit=_PAST
                ).items
                waiting = [each.change for each in asked_about(proposed, modes.values())]
                tried = sum(
                    len(transaction.optimizations.page(workspace, state=str(state), limit=_PAST).items)
                    for state in (State.CANARY, State.HALF, State.PAUSED)
                )
                if waiting:
                    yield Check(
                        name="optimisation",
                        state="warning",
                        sentence=f"{_counted(len(waiting))} for your approval in workspace {workspace}, "
                        f"the first: {waiting[-1].title} ({waiting[-1].key})",
                        hint="`orcaops optimizations list --state proposed` shows them.",
                    )
                elif proposed or tried:
                    sentence = f"workspace {workspace}: {len(proposed)} proposed, {tried} being tried"
                    yield Check(name="optimisation", state="ok", sentence=sentence)

    def approve(
        self, workspace: str, optimization_id: str, *, by: str, reason: str | None = None
    ) -> Optimization:
        """Let it be tried; it begins as a canary at once, or when nothing else of the job is being tried.

        Raises ``not_found``, or ``conflict`` if it is not proposed or its field is switched off.
        """
        with self._store.write() as transaction:
            found = transaction.optimizations.get(workspace, optimization_id)
            if self._moves.modes(transaction, workspace)[found.field].mode is Mode.OFF:
                raise conflict(
                    f"nothing is changed about {found.field} here: its mode is off",
                    where=found.id,
                    hint=f"orcaops optimize --mode suggest --field {found.field}",
                )
            approved = self._moves.move(
                transaction, found, Event.APPROVE, by=by, reason=reason or "approved by a person"
            )
            others = transaction.optimizations.of_key(workspace, approved.key)
            latest = transaction.runs.latest_of_key(workspace, approved.key, _PAST)
            return self._moves.start_if_free(transaction, approved, others, latest)

    def reject(
        self, workspace: str, optimization_id: str, *, by: str, reason: str | None = None
    ) -> Optimization:
        """Say no to a proposal; it comes back only when it promises twice as much.

        Raises ``not_found``, or ``conflict`` if it is being tried or kept.
        """
        return self._decide(workspace, optimization_id, Event.REJECT, by, reason or "rejected by a person")

    def rollback(
        self, workspace: str, optimization_id: str, *, by: str, reason: str | None = None
    ) -> Optimization:
        """Take a change back: no run that starts from now on has it.

        One that is running with it is given its own limit where its executor can; else, should the limit end
        it, it runs again with its own. Raises ``not_found``, or ``conflict`` where nothing is to be taken
        back.
        """
        return self._decide(
            workspace, optimization_id, Event.ROLL_BACK, by, reason or "taken back by a person"
        )

    def modes(self, workspace: str) -> tuple[FieldMode, ...]:
        """How much may happen by itself, per field."""
        with self._store.read() as transaction:
            return tuple(self._moves.modes(transaction, workspace).values())

    def set_mode(
        self, workspace: str, mode: Mode, *, field: OptimizedField | None = None, by: str
    ) -> tuple[FieldMode, ...]:
        """Decide how much may happen by itself to one field, or to all of them."""
        with self._store.write() as transaction:
            for each in OptimizedField if field is None else (field,):
                self._moves.set_mode(transaction, workspace, each, mode, by)
            return tuple(self._moves.modes(transaction, workspace).values())

    def _decide(
        self, workspace: str, optimization_id: str, event: Event, by: str, reason: str
    ) -> Optimization:
        with self._store.write() as transaction:
            found = transaction.optimizations.get(workspace, optimization_id)
            return self._moves.move(transaction, found, event, by=by, reason=reason)


def _counted(waiting: int) -> str:
    return "1 change waits" if waiting == 1 else f"{waiting} changes wait"
