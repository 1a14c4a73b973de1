// The page works without this file but for the plots and the wipe. Everything of the report goes into the
// document by textContent or an element's own properties, never as markup.
(() => {
"use strict";

const report = JSON.parse(document.getElementById("report-data").textContent);
const severities = ["Blocker", "Issue", "FYI"];
const severity_fill = ["200, 30, 45", "214, 130, 0", "70, 110, 190"];
const colours = {input: "#8b919b", output: "#2b7de0", threshold: "#c2410c", grid: "rgba(128, 128, 128, 0.35)"};

// Its legend writes style attributes, which the page's policy forbids; each plot has a readout instead.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
}

function number_text(value) {
    if (value === null || value === undefined || Number.isNaN(value)) return "none";
    return String(Number(value.toPrecision(4)));
}

// SMPTE ST 12-1: "01:00:00;28" and `frames` later, counted at `base` (24, 25, 30, ...). With ';' the numbers 0
// and 1 (at 60: 0 to 3) are left out at the start of each minute but every tenth.
function later(address, frames, base) {
    const parts = address.split(/[:;]/).map(Number);
    const dropped = address.includes(";") ? Math.round(base / 15) : 0;
    const minutes = parts[0] * 60 + parts[1];
    const minute = 60 * base - dropped;
    const ten = 10 * minute + dropped;
    const day = 144 * ten;
    let count = (minutes * 60 + parts[2]) * base + parts[3] - dropped * (minutes - Math.floor(minutes / 10)) + frames;
    count = ((count % day) + day) % day;
    const rest = count % ten;
    const skipped = rest < 60 * base ? 0 : 1 + Math.floor((rest - 60 * base) / minute);
    count += dropped * (9 * Math.floor(count / ten) + skipped);
    const two = (value) => String(value).padStart(2, "0");
    const seconds = Math.floor(count / base);
    return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` +
        `${dropped ? ";" : ":"}${two(count % base)}`;
}

function frame_text(shot, frame) {
    let run = null;
    for (const candidate of shot.timecodes) if (candidate[0] <= frame) run = candidate;
    return run ? `frame ${frame}, ${later(run[1], frame - run[0], shot.base)}` : `frame ${frame}`;
}

// One metric of a shot, drawn when it comes into view.
class Plot {
    constructor(panel, metric) {
        this.panel = panel;
        this.metric = metric;
        this.sides = ["input", "output"].filter((side) => metric[side]);
        const count = Math.max(0, ...this.sides.map((side) => metric[side].length));
        this.frames = Array.from({length: count}, (_, i) => panel.shot.first + (metric.places ? metric.places[i] : i));
        this.readout = element("span", {className: "readout"});
        this.canvas = element("div", {className: "canvas"});
        this.canvas.setAttribute("role", "img");
        this.canvas.setAttribute("aria-label", this.description());
        const title = metric.title + (metric.unit ? ` (${metric.unit})` : "");
        this.figure = element("figure", {className: "plot"},
            element("figcaption", {}, element("b", {textContent: title}), this.readout), this.canvas);
        if (metric.places) {
            this.figure.append(element("p", {className: "note",
                textContent: "Drawn by the extremes of short stretches of frames; report.json has every frame."}));
        }
        this.show(null);
    }

    values(side) { return this.metric[side].filter((value) => value !== null); }

    description() {
        const sides = this.sides.map((side) => {
            const values = this.values(side);
            if (values.length === 0) return `${side} has no value`;
            return `${side} from ${number_text(Math.min(...values))} to ${number_text(Math.max(...values))}`;
        });
        const limit = this.metric.threshold === undefined ? "" : `, threshold ${number_text(this.metric.threshold)}`;
        return `${this.metric.title}: ${sides.join(", ")}${limit}. The table below has the figures.`;
    }

    // The values' range, with the threshold in it unless that would flatten the lines.
    value_range() {
        const values = this.sides.flatMap((side) => this.values(side));
        let least = Math.min(...values), most = Math.max(...values);
        if (values.length === 0) least = most = 0;
        const limit = this.metric.threshold;
        const span = most - least;
        if (limit !== undefined) {
            const away = Math.max(limit - most, least - limit, 0);
            this.limit_hidden = span > 0 && away > 3 * span;
            if (!this.limit_hidden) [least, most] = [Math.min(least, limit), Math.max(most, limit)];
        }
        const margin = 0.08 * (most - least) || Math.abs(most) * 0.1 || 1;
        return [least - margin, most + margin];
    }

    draw() {
        if (this.graph) return;
        const rows = this.frames.map((frame, i) => [frame, ...this.sides.map((side) => this.metric[side][i])]);
        this.graph = new Dygraph(this.canvas, rows, {
            labels: ["frame", ...this.sides],
            dateWindow: this.panel.window,
            valueRange: this.value_range(),
            series: {
                input: {color: colours.input, strokeWidth: 3},
                output: {color: colours.output, strokeWidth: 1.5},
            },
            axes: {
                x: {axisLabelFormatter: (frame) => Number.isInteger(frame) ? String(frame) : "", pixelsPerLabel: 60,
                    axisLabelWidth: 50},
                y: {axisLabelFormatter: number_text, pixelsPerLabel: 16, axisLabelWidth: 52},
            },
            axisLabelFontSize: 11,
            axisLineColor: colours.grid,
            gridLineColor: colours.grid,
            highlightCircleSize: 3,
            underlayCallback: (context, area, graph) => this.underlay(context, area, graph),
            highlightCallback: (event, frame) => this.panel.point_at(frame),
            drawCallback: (graph, initial) => { if (!initial) this.panel.follow(this); },
        });
        this.show(this.panel.frame);
    }

    // Findings as stripes with the first letter of their severity, those of this metric's own check stronger, and
    // the threshold as a dashed line.
    underlay(context, area, graph) {
        let written_to = area.x;
        context.font = "bold 10px sans-serif";
        const root = document.documentElement;
        const ink = root.classList.contains("paper") ? "#57606a" : getComputedStyle(root).getPropertyValue("--faint");
        for (const [severity, first, end, check] of this.panel.shot.findings) {
            const left = graph.toDomXCoord(first - 0.5);
            const right = Math.max(graph.toDomXCoord(end - 0.5), left + 2);
            const own = check === this.metric.name;
            context.fillStyle = `rgba(${severity_fill[severity]}, ${own ? 0.38 : 0.12})`;
            context.fillRect(left, area.y, right - left, area.h);
            const middle = (left + right) / 2;
            if (middle < written_to || middle > area.x + area.w - 6) continue;
            context.fillStyle = ink;
            context.fillText(severities[severity][0], middle - 3, area.y + 9);
            written_to = middle + 9;
        }
        const limit = this.metric.threshold;
        if (limit === undefined || this.limit_hidden) return;
        const y = Math.round(graph.toDomYCoord(limit)) + 0.5;
        context.save();
        context.strokeStyle = colours.threshold;
        context.setLineDash([6, 4]);
        context.beginPath();
        context.moveTo(area.x, y);
        context.lineTo(area.x + area.w, y);
        context.stroke();
        context.restore();
    }

    // The values at `frame`, or with null what the lines are.
    show(frame) {
        const limit = this.metric.threshold;
        const parts = [];
        let place = -1;
        if (frame !== null) {
            for (let i = 0; i < this.frames.length && this.frames[i] <= frame; ++i) place = i;
        }
        for (const side of this.sides) {
            parts.push(element("span", {className: side,
                textContent: place < 0 ? side : `${side} ${number_text(this.metric[side][place])}`}));
        }
        if (limit !== undefined) {
            const hidden = this.limit_hidden ? " (outside)" : "";
            parts.push(element("span", {className: "threshold", textContent: `threshold ${number_text(limit)}${hidden}`}));
        }
        this.readout.replaceChildren(...parts);
        if (!this.graph) return;
        if (place < 0) this.graph.clearSelection();
        else this.graph.setSelection(place);
    }
}

// All plots of a shot: one window and one frame for all.
class Panel {
    constructor(shot, box) {
        this.shot = shot;
        this.whole = [shot.first - 0.5, shot.end - 0.5];
        this.window = this.whole;
        this.frame = null;
        this.plots = shot.metrics.map((metric) => new Plot(this, metric));
        box.append(this.controls(), element("div", {className: "grid"}, ...this.plots.map((plot) => plot.figure)));
        if (shot.left_out > 0) {
            box.append(element("p", {className: "note",
                textContent: `${shot.left_out} more metrics are not drawn, to keep this page small; report.json has them.`}));
        }
        const seen = new IntersectionObserver((entries) => {
            for (const entry of entries) {
                if (!entry.isIntersecting) continue;
                seen.unobserve(entry.target);
                this.plots.find((plot) => plot.figure === entry.target).draw();
            }
        }, {rootMargin: "300px"});
        for (const plot of this.plots) seen.observe(plot.figure);
    }

    controls() {
        const shot = this.shot;
        this.slider = element("input", {type: "range", min: shot.first, max: shot.end - 1, step: 1, value: shot.first});
        this.slider.setAttribute("aria-label", "Frame to read in the plots");
        this.slider.addEventListener("input", () => this.point_at(Number(this.slider.value)));
        this.output = element("output", {textContent: "drag in a plot to zoom"});
        const button = (text, label, act) => {
            const made = element("button", {type: "button", textContent: text});
            made.setAttribute("aria-label", label);
            made.addEventListener("click", act);
            return made;
        };
        return element("div", {className: "controls"},
            element("label", {className: "frame"}, "Frame ", this.slider), this.output,
            button("\u2212", "Zoom out", () => this.zoom(2)), button("+", "Zoom in on the frame", () => this.zoom(0.5)),
            button("All", "Show all frames", () => this.look(this.whole)));
    }

    point_at(frame) {
        this.frame = Math.min(Math.max(Math.round(frame), this.shot.first), this.shot.end - 1);
        this.slider.value = this.frame;
        const text = frame_text(this.shot, this.frame);
        this.slider.setAttribute("aria-valuetext", text);
        this.output.textContent = text;
        for (const plot of this.plots) plot.show(this.frame);
    }

    zoom(factor) {
        const [first, end] = this.window;
        const centre = this.frame === null ? (first + end) / 2 : this.frame;
        const half = Math.max((end - first) * factor, 4) / 2;
        this.look([Math.max(centre - half, this.whole[0]), Math.min(centre + half, this.whole[1])]);
    }

    look(window) {
        this.window = window;
        this.busy = true;
        for (const plot of this.plots) {
            if (plot.graph) plot.graph.updateOptions({dateWindow: window, valueRange: plot.value_range()});
        }
        this.busy = false;
    }

    // After a zoom by the mouse in one plot: the others too.
    follow(plot) {
        if (this.busy) return;
        const range = plot.graph.isZoomed("x") ? plot.graph.xAxisRange() : this.whole;
        const window = [Math.max(range[0], this.whole[0]), Math.min(range[1], this.whole[1])];
        if (window[0] === this.window[0] && window[1] === this.window[1]) return;
        this.look(window);
    }

    draw_all() {
        for (const plot of this.plots) plot.draw();
    }
}

const panels = new Map();

function panel_of(number) {
    if (!panels.has(number)) {
        const shot = report.shots.find((candidate) => candidate.number === number);
        const box = document.getElementById(`plots-${number}`);
        panels.set(number, shot && box ? new Panel(shot, box) : null);
    }
    return panels.get(number);
}

// A frame before and after: the slider moves the border between the two.
function make_wipe(pictures) {
    const figures = [...pictures.querySelectorAll("figure")];
    if (figures.length === 0) return null;
    const before = element("img", {className: "before"});
    const after = element("img", {className: "after"});
    const touch = element("img", {className: "touch"});
    const border = element("span", {className: "border"});
    border.setAttribute("aria-hidden", "true");
    const stage = element("div", {className: "stage"}, after, before, border,
        element("span", {className: "tag left", textContent: "before"}),
        element("span", {className: "tag right", textContent: "after"}));
    const slider = element("input", {type: "range", min: 0, max: 100, step: 1, value: 50});
    slider.setAttribute("aria-label", "Wipe between before and after");
    const wipe = () => {
        const share = Number(slider.value);
        before.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
        border.style.left = `${share}%`;
        slider.setAttribute("aria-valuetext", `before on the left ${share} %, after on the right ${100 - share} %`);
    };
    slider.addEventListener("input", wipe);
    const drag = (event) => {
        if (event.buttons !== 1) return;
        const box = stage.getBoundingClientRect();
        slider.value = Math.round(100 * (event.clientX - box.left) / box.width);
        wipe();
    };
    stage.addEventListener("pointerdown", drag);
    stage.addEventListener("pointermove", drag);

    const touched = element("figure", {className: "touched"}, touch,
        element("figcaption", {textContent: "touch: what the passes changed"}));
    const caption = element("p", {className: "caption"});
    caption.setAttribute("aria-live", "polite");
    const buttons = [];
    const choose = (index) => {
        const figure = figures[index];
        for (const [to, kind] of [[before, "before"], [after, "after"], [touch, "touch"]]) {
            const from = figure.querySelector(`img.${kind}`);
            if (kind === "touch") touched.hidden = !from;
            if (from) Object.assign(to, {src: from.src, alt: from.alt});
        }
        caption.textContent = figure.querySelector("figcaption").textContent;
        buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    };
    figures.forEach((figure, index) => {
        const picture = figure.querySelector("img.after") || figure.querySelector("img");
        const button = element("button", {type: "button"},
            element("img", {src: picture.src, alt: ""}), element("span", {textContent: `Frame ${figure.dataset.frame}`}));
        button.addEventListener("click", () => choose(index));
        buttons.push(button);
    });
    const strip = element("div", {className: "strip"}, ...buttons);
    strip.setAttribute("role", "group");
    strip.setAttribute("aria-label", "Frames with pictures");
    pictures.before(element("div", {className: "viewer"}, caption,
        element("div", {className: "stages"}, element("div", {className: "wiped"}, stage, slider), touched), strip));
    pictures.classList.add("shown-in-viewer");
    choose(0);
    wipe();
    return {
        // The pictured frame nearest to `frame`.
        go_to(frame) {
            const away = figures.map((figure) => Math.abs(Number(figure.dataset.frame) - frame));
            choose(away.indexOf(Math.min(...away)));
        },
    };
}

// Buttons do not print in a header that is repeated on each sheet: on paper it is plain text.
const sort_buttons = [];

// Severity filter and sorting by a click on a header.
function make_findings(table) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const kinds = [...severities, "accepted"];
    const kind_of = (row) => row.dataset.accepted === "yes" ? "accepted" : row.dataset.severity;
    const hidden = new Set();
    const filter = element("fieldset", {className: "filter"}, element("legend", {textContent: "Show"}));
    for (const kind of kinds) {
        const count = rows.filter((row) => kind_of(row) === kind).length;
        if (count === 0) continue;
        const box = element("input", {type: "checkbox", checked: true});
        box.addEventListener("change", () => {
            if (box.checked) hidden.delete(kind);
            else hidden.add(kind);
            for (const row of rows) row.hidden = hidden.has(kind_of(row));
        });
        filter.append(element("label", {}, box, ` ${kind} (${count})`));
    }
    table.closest(".scroll").before(filter);

    const keys = (row, column) => {
        const cell = row.cells[column];
        if (column === 0) return severities.indexOf(row.dataset.severity) + (row.dataset.accepted === "yes" ? 3 : 0);
        const number = cell.dataset.value || cell.textContent;
        return cell.classList.contains("number") ? Number(number) : cell.textContent;
    };
    [...table.tHead.rows[0].cells].forEach((head, column) => {
        const button = element("button", {type: "button", textContent: head.textContent});
        head.replaceChildren(button);
        sort_buttons.push([head, button]);
        button.addEventListener("click", () => {
            const order = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
            for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
            head.setAttribute("aria-sort", order === 1 ? "ascending" : "descending");
            const compare = (a, b) => {
                const [x, y] = [keys(a, column), keys(b, column)];
                return order * (typeof x === "number" ? x - y : x.localeCompare(y));
            };
            body.append(...rows.sort(compare));
        });
    });
}

const opened = new Set();
const wipes = new Map();

function open_shot(details) {
    const number = Number(details.dataset.shot);
    if (opened.has(number)) return;
    opened.add(number);
    for (const table of details.querySelectorAll("table.findings")) make_findings(table);
    for (const pictures of details.querySelectorAll(".pictures")) wipes.set(number, make_wipe(pictures));
    panel_of(number);
}

// A link to something inside a closed shot opens it.
function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    const shot = target.closest("details.shot");
    if (shot) open_shot(shot);
    target.scrollIntoView({block: target.matches("details") ? "start" : "center"});
}

// The link of a finding: its frame in the plots and in the pictures.
document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-frame]");
    if (!link) return;
    const shot = link.closest("details.shot");
    const number = Number(shot.dataset.shot);
    const frame = Number(link.dataset.frame);
    const wipe = wipes.get(number);
    if (wipe) wipe.go_to(frame);
    const panel = panel_of(number);
    if (!panel) return;
    event.preventDefault();
    const box = document.getElementById(`plots-${number}`);
    box.scrollIntoView({block: "start"});
    panel.slider.focus({preventScroll: true});
    panel.point_at(frame);
    const half = Math.min(24, (panel.whole[1] - panel.whole[0]) / 2);
    panel.look([Math.max(frame - half, panel.whole[0]), Math.min(frame + half, panel.whole[1])]);
    panel.draw_all();
    panel.point_at(frame);
});

const shots = [...document.querySelectorAll("details.shot")];
for (const details of shots) {
    details.addEventListener("toggle", () => { if (details.open) open_shot(details); });
    if (details.open) open_shot(details);
}
window.addEventListener("hashchange", reveal);
reveal();

// On paper every shot is open, and the plots are as wide as the sheet.
const most_plots_on_paper = 300;
let opened_for_paper = [];
function resize_plots() {
    for (const panel of panels.values()) {
        if (!panel) continue;
        for (const plot of panel.plots) if (plot.graph) plot.graph.resize();
    }
}
window.addEventListener("beforeprint", () => {
    document.documentElement.classList.add("paper");
    opened_for_paper = [...document.querySelectorAll("details:not([open])")].filter((box) => !box.matches(".files"));
    for (const box of opened_for_paper) box.open = true;
    let plots = 0;
    for (const details of shots) {
        open_shot(details);
        const panel = panel_of(Number(details.dataset.shot));
        if (!panel || (plots += panel.plots.length) > most_plots_on_paper) continue;
        panel.draw_all();
        for (const plot of panel.plots) plot.show(null);
    }
    for (const [head, button] of sort_buttons) head.replaceChildren(button.textContent);
    resize_plots();
});
window.addEventListener("afterprint", () => {
    for (const [head, button] of sort_buttons) head.replaceChildren(button);
    document.documentElement.classList.remove("paper");
    for (const box of opened_for_paper) box.open = false;
    resize_plots();
});
document.documentElement.classList.add("scripted");
})();
