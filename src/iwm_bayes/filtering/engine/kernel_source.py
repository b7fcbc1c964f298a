"""The source of the machine code of people's likelihood, for any number of people and events.

    by_person[n]    = sum over events of the log density of person n's answers
    gradient[:, n]  = its gradient by theta[:, n], the link-scale values of person n

A loop forwards saves the state before every event, and one backwards computes the density and its gradient. People do
not affect each other, so the loops work on `LANES` people at a time: one instruction serves all of them. Everything
that a step needs is a row of one small table, whose width the compiler knows. With dozens of separate arrays, it would
have to check at run time whether they overlap, and does not try.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from textwrap import indent
from typing import Any, NamedTuple

from pytensor.graph.traversal import ancestors

from iwm_bayes.filtering.engine.equations import Equations, PersonEquations
from iwm_bayes.filtering.engine.kernel_templates import BY_EVENT, GRADIENT, HEAD, LANES, OPTIONS, POINTER, READOUTS
from iwm_bayes.filtering.engine.source import Block


class UsedFields(NamedTuple):
    """Indices of the fields that are read, of events and of answers; those that the loop forwards reads come first."""

    events: list[int]
    answers: list[int]
    forward_events: int  # how many of them the loop forwards reads
    forward_answers: int


class Layout(NamedTuple):
    """The first row of every part of the table, and the names of rows in the source."""

    first: dict[str, int]
    rows: int
    used: UsedFields

    def entries(self, part: str, count: int) -> list[str]:
        """Return the source of the rows of a part, for one person."""
        return [f"table[{self.first[part] + index}, lane]" for index in range(count)]


def used_fields(equations: PersonEquations, n_event_fields: int) -> UsedFields:
    """List the fields that any equation reads."""
    step = equations.step
    forward = set(ancestors(equations.forward.outputs)) | {carried.event for carried in step.carried}
    read = [equations.backward, equations.density, *equations.tail_values]
    others = {variable for own in read for variable in ancestors(own.outputs)} - forward
    both = [[index for index, field in enumerate(step.fields) if field in found] for found in (forward, others)]
    events = [[index for index in used if index < n_event_fields] for used in both]
    answers = [[index - n_event_fields for index in used if index >= n_event_fields] for used in both]
    return UsedFields([*events[0], *events[1]], [*answers[0], *answers[1]], len(events[0]), len(answers[0]))


def layout(equations: PersonEquations, n_event_fields: int) -> Layout:
    """Lay out the table; the parts from `gradients` on are set to 0 before the loop backwards."""
    step, used = equations.step, used_fields(equations, n_event_fields)
    sizes = {
        "events": len(used.events),
        "answers": len(used.answers),
        "state": len(step.state),
        "hoisted": len(equations.hoisted),
        "carried": len(step.carried),
        "saved": len(step.carried) + len(equations.tail_gradients),
        "readouts": len(step.readouts),
        "theta": len(step.theta),
        "innovations": len(step.innovations),
        "grad_innovations": len(step.innovations),
        "grad_saved": len(step.carried),
        "grad_tails": len(equations.tail_gradients),
        "grad_state": len(step.state),
        "grad_hoisted": len(equations.hoisted),
        "density": 1,
    }
    ends = list(accumulate(sizes.values()))
    first = {name: end - size for (name, size), end in zip(sizes.items(), ends, strict=True)}
    return Layout(first | {"gradients": first["grad_state"]}, ends[-1], used)


class KernelSource:
    """Writes the source of one person's likelihood."""

    def __init__(self, equations: PersonEquations, n_event_fields: int) -> None:
        self.equations, self.n_event_fields = equations, n_event_fields
        self.layout, self.blocks = layout(equations, n_event_fields), 0
        step, rows = equations.step, self.layout
        fields = [step.fields[i] for i in rows.used.events]
        fields += [step.fields[n_event_fields + i] for i in rows.used.answers]
        parts = {
            "events": fields,  # with those of answers, which follow
            "state": step.state,
            "hoisted": equations.hoisted,
            "carried": [own.input for own in step.carried],
            "theta": step.theta,
            "innovations": step.innovations,
            "grad_saved": equations.saved_gradients,
            "grad_tails": equations.tail_gradients,
            "grad_state": equations.next_gradients,
        }
        self.names = {
            variable: name
            for part, variables in parts.items()
            for variable, name in zip(variables, rows.entries(part, len(variables)), strict=True)
        }

    def new_block(self, names: Mapping[Any, str]) -> Block:
        """Return a block whose variables no other block has: Numba takes long over variables that are set twice."""
        self.blocks += 1
        return Block(f"x{self.blocks}_", names)

    def lane_loop(self, equations: Equations, targets: Sequence[str], names: dict[Any, str] | None = None) -> str:
        """Write a loop over people that computes equations and assigns them to `targets`, all of them at the end."""
        if not targets:
            return ""
        block = self.new_block(names or self.names)
        results = block.add(equations.outputs)
        values = [f"{block.prefix}y{index} = {result}" for index, result in enumerate(results)]
        assignments = [f"{target} {block.prefix}y{index}" for index, target in enumerate(targets)]
        return "\n".join([f"for lane in range({LANES}):", *(f"    {x}" for x in (*block.lines, *values, *assignments))])

    def tail(self, index: int) -> str:
        """Write the loop over people that computes a tail where its condition holds."""
        step, equations = self.equations.step, self.equations.tail_values[index]
        before = sum(len(tail.inputs) for tail in step.tails[:index])
        inputs = step.tails[index].inputs
        first = len(step.carried) + before
        saved = dict(zip(inputs, self.layout.entries("saved", first + len(inputs))[first:], strict=True))
        slopes = self.layout.entries("grad_tails", before + len(inputs))[before:]
        block = self.new_block(self.names | saved)
        (condition,) = block.add(equations.outputs[:1])
        search = [*block.lines, f"found{index} += select({condition}, 1.0, 0.0)"]
        block = self.new_block(self.names | saved)
        condition, value, *gradients = block.add(equations.outputs)
        density = f"table[{self.layout.first['density']}, lane]"
        values = [f"{density} += select({condition}, {value}, 0.0)"]
        values += [f"{slope} = select({condition}, {x}, 0.0)" for slope, x in zip(slopes, gradients, strict=True)]
        loop = f"for lane in range({LANES}):"
        return "\n".join(
            [
                f"found{index} = 0.0",
                loop,
                *(f"    {line}" for line in search),
                f"if found{index} > 0.0:",
                f"    {loop}",
                *(f"        {line}" for line in (*block.lines, *values)),
                "else:",
                f"    {loop}",
                *(f"        {slope} = 0.0" for slope in slopes),
            ]
        )

    def load_fields(self, events: int, answers: int) -> str:
        """Write the loops that load the first fields of an event and of its answers."""
        first = self.layout.first
        return "\n".join(
            [
                f"for row in range({events}): "
                f"load(table[{first['events']} + row], event_array[event, of_event[row]], first, last)",
                f"for row in range({answers}): "
                f"load(table[{first['answers']} + row], response_array[of_answer[row], event], first, last)",
            ]
        )

    def row_of_innovation(self) -> str:
        """Return the source of the row of theta, and of its gradient, that an innovation of an event has."""
        return f"{len(self.equations.step.theta)} + row * n_events + event"

    def load_innovations(self) -> str:
        """Write the loop that loads the innovations of an event."""
        count, first = len(self.equations.step.innovations), self.layout.first["innovations"]
        line = f"for row in range({count}): load(table[{first} + row], theta[{self.row_of_innovation()}], first, last)"
        return line if count else ""

    def store_innovations(self) -> str:
        """Write the loop that stores the gradient by the innovations of an event."""
        count, first = len(self.equations.step.innovations), self.layout.first["grad_innovations"]
        row = f"gradient[{self.row_of_innovation()}]"
        line = f"for row in range({count}): store({row}, table[{first} + row], first, last)"
        return line if count else ""

    def gather(self) -> str:
        """Write the loop that reads what earlier events have saved."""
        lines = [
            f"    {self.names[own.input]} = saved[int({self.names[own.event]}), {index}, lane]"
            for index, own in enumerate(self.equations.step.carried)
        ]
        return "\n".join([f"for lane in range({LANES}):", *lines]) if lines else ""

    def scatter(self) -> str:
        """Write the loop that adds gradients to those of the earlier events."""
        first = self.layout.first["carried"]
        lines = [
            f"    grad_saved[int({self.names[own.event]}), {index}, lane] += table[{first + index}, lane]"
            for index, own in enumerate(self.equations.step.carried)
        ]
        return "\n".join([f"for lane in range({LANES}):", *lines]) if lines else ""

    def pieces(self) -> dict[str, str]:
        """Return the source of every piece that the templates name, by name."""
        equations, rows, step = self.equations, self.layout, self.equations.step
        used = rows.used
        hoisted = rows.entries("hoisted", len(equations.hoisted))
        states = rows.entries("state", len(step.state))
        saved = rows.entries("saved", len(step.carried) + len(equations.tail_gradients))
        readouts = rows.entries("readouts", len(step.readouts))
        unread = Equations(equations.forward.inputs, equations.forward.outputs[: len(states) + len(saved)])
        grad_state, grad_hoisted = (
            rows.entries(part, n) for part, n in (("grad_state", len(states)), ("grad_hoisted", len(hoisted)))
        )
        carried = rows.entries("carried", len(step.carried))
        density = f"table[{rows.first['density']}, lane]"
        of_person = equations.epilogue.inputs[len(step.theta) :]
        of_epilogue = self.names | dict(zip(of_person, [*grad_hoisted, *grad_state], strict=True))
        backward = [f"{density} +=", *(f"{x} =" for x in grad_state), *(f"{x} +=" for x in grad_hoisted)]
        innovations = rows.entries("grad_innovations", len(step.innovations))
        backward += [f"{x} =" for x in (*carried, *innovations)]
        return {
            "prologue": self.lane_loop(equations.prologue, [f"{x} =" for x in (*hoisted, *states)]),
            "forward": self.lane_loop(unread, [f"{x} =" for x in (*states, *saved)]),
            "read": self.lane_loop(equations.forward, [f"{x} =" for x in (*states, *saved, *readouts)]),
            "score": self.lane_loop(equations.density, [f"{density} ="]),
            "backward": self.lane_loop(equations.backward, backward),
            "epilogue": self.lane_loop(
                equations.epilogue, [f"{x} =" for x in rows.entries("theta", len(step.theta))], of_epilogue
            ),
            "load_forward": self.load_fields(used.forward_events, used.forward_answers),
            "load_event": self.load_fields(len(used.events), len(used.answers)),
            "load_innovations": self.load_innovations(),
            "store_innovations": self.store_innovations(),
            "gather": self.gather(),
            "scatter": self.scatter(),
            "tails": "\n".join(self.tail(index) for index in range(len(step.tails))),
        }

    def fill(self, template: str, outputs: Sequence[str]) -> str:
        """Return the source of a module with the function `kernel`, from the template of its loops."""
        step, pointers = self.equations.step, ["event", "response", "theta", *outputs]
        sizes = {
            "lanes": LANES,
            "options": OPTIONS,
            "pointers": ", ".join([POINTER] * len(pointers)),
            "names": ", ".join(f"{name}_pointer" for name in pointers),
            "n_event_fields": self.n_event_fields,
            "n_response_fields": len(step.fields) - self.n_event_fields,
            "n_theta": len(step.theta),
            "n_rows": f"{len(step.theta)}" + f" + {len(step.innovations)} * n_events" * bool(step.innovations),
            "n_states": len(step.state),
            "n_carried": len(step.carried),
            "n_saved": len(step.carried) + len(self.equations.tail_gradients),
            "n_readouts": len(step.readouts),
            "rows": self.layout.rows,
            "used_events": self.layout.used.events or [0],
            "used_answers": self.layout.used.answers or [0],
        }
        depths = {"prologue": 2, "epilogue": 2}
        pieces = {name: indent(text, "    " * depths.get(name, 3)) for name, text in self.pieces().items()}
        body = template.format(**sizes, **self.layout.first | pieces)
        names = sorted(set(re.findall(r"\bspecial_(\w+)\(", body)))
        special = "\n".join(f'special_{name} = special_function("{name}")' for name in names)
        return HEAD.format(**sizes, special=special) + body


def gradient_source(equations: PersonEquations, n_event_fields: int) -> str:
    """Return the source of the log likelihood by person, with its gradient by theta."""
    return KernelSource(equations, n_event_fields).fill(GRADIENT, ["by_person", "gradient"])


def by_event_source(equations: PersonEquations, n_event_fields: int) -> str:
    """Return the source of the log likelihood by event."""
    return KernelSource(equations, n_event_fields).fill(BY_EVENT, ["by_event"])


def readouts_source(equations: PersonEquations, n_event_fields: int) -> str:
    """Return the source of the readouts at every event."""
    return KernelSource(equations, n_event_fields).fill(READOUTS, ["readouts"])
