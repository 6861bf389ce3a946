// Axes, ticks and curves on a canvas, in the colours of the page.

/** Space around the plotted area in CSS pixels. */
const MARGIN = { left: 56, right: 12, top: 8, bottom: 42 };

/** Least distance of two ticks in CSS pixels. */
const TICK_DISTANCE = { x: 64, y: 36 };

/** Colours and font of the page. */
export function theme() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: color("ground"),
    panel: color("panel"),
    ink: color("ink"),
    soft: color("soft"),
    line: color("line"),
    grid: color("grid"),
    accent: color("accent"),
    font: `12px ${style.fontFamily}`,
  };
}

/** Clears a canvas and scales it to the pixels of the screen. Returns its context and size in CSS pixels, or null if it
    is not shown. */
export function prepare(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0 || height === 0) {
    return null;
  }
  const scale = window.devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return { context, width, height, scale };
}

/** The plotted area of a canvas of this size. */
export function plotArea({ width, height }) {
  const { left, right, top, bottom } = MARGIN;
  return { left, top, width: Math.max(1, width - left - right), height: Math.max(1, height - top - bottom) };
}

/** Multiples of 1, 2 or 5 times a power of ten within a range, at most `most` of them. */
export function ticks(low, high, most) {
  const least = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return {
    values: Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step),
    decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)),
  };
}

/** Position of a value on an axis: x from the left, y from the bottom. */
export function xAt(area, axis, value) {
  return area.left + (area.width * (value - axis.low)) / (axis.high - axis.low);
}

export function yAt(area, axis, value) {
  return area.top + area.height * (1 - (value - axis.low) / (axis.high - axis.low));
}

/** Draws the frame, the ticks and the labels of two axes `{ label, low, high }`, and with `grid` lines at the ticks. */
export function drawAxes(context, area, x, y, { grid = false } = {}) {
  const { ink, soft, line, grid: gridColor, font } = theme();
  const { left, top, width, height } = area;
  const right = left + width;
  const bottom = top + height;
  context.font = font;
  context.lineWidth = 1;
  const stroke = (color, x0, y0, x1, y1) => {
    context.strokeStyle = color;
    context.beginPath();
    context.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
    context.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
    context.stroke();
  };

  const xTicks = ticks(x.low, x.high, width / TICK_DISTANCE.x);
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const value of xTicks.values) {
    const at = xAt(area, x, value);
    if (grid) {
      stroke(gridColor, at, top, at, bottom);
    }
    stroke(soft, at, bottom, at, bottom + 4);
    context.fillStyle = soft;
    context.fillText(text(value, xTicks.decimals), at, bottom + 7);
  }
  const yTicks = ticks(y.low, y.high, height / TICK_DISTANCE.y);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of yTicks.values) {
    const at = yAt(area, y, value);
    if (grid) {
      stroke(gridColor, left, at, right, at);
    }
    stroke(soft, left - 4, at, left, at);
    context.fillStyle = soft;
    context.fillText(text(value, yTicks.decimals), left - 7, at);
  }
  context.strokeStyle = grid ? soft : line;
  context.strokeRect(Math.round(left) + 0.5, Math.round(top) + 0.5, Math.round(width), Math.round(height));

  context.fillStyle = ink;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText(x.label, left + width / 2, bottom + MARGIN.bottom);
  context.save();
  context.translate(0, top + height / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "top";
  context.fillText(y.label, 0, 0);
  context.restore();
}

/** Draws a curve through points of the plotted area, and cuts it off at the frame. */
export function drawCurve(context, area, x, y, points) {
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  context.beginPath();
  for (const [valueX, valueY] of points) {
    context.lineTo(xAt(area, x, valueX), yAt(area, y, Math.max(valueY, y.low - (y.high - y.low))));
  }
  context.strokeStyle = theme().accent;
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.stroke();
  context.restore();
}

/** Draws a dashed vertical line with a text beside it, on the side that has more room. */
export function drawMarker(context, area, x, value, label, row) {
  const at = Math.round(xAt(area, x, value)) + 0.5;
  const { soft, ground, font } = theme();
  context.save();
  context.setLineDash([4, 4]);
  context.strokeStyle = soft;
  context.beginPath();
  context.moveTo(at, area.top);
  context.lineTo(at, area.top + area.height);
  context.stroke();
  context.restore();
  context.font = font;
  const { width } = context.measureText(label);
  const onLeft = at + width + 12 > area.left + area.width;
  const start = onLeft ? at - width - 6 : at + 6;
  const middle = area.top + 14 + 18 * row;
  context.fillStyle = ground;
  context.fillRect(start - 2, middle - 8, width + 4, 16);
  context.fillStyle = soft;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(label, start, middle);
}

function text(value, decimals) {
  return value
    .toFixed(decimals)
    .replace(/^-(?=.*[1-9])/, "\u2212")
    .replace(/^-/, "");
}
