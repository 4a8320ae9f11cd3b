import dayjs from "dayjs";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useAppearance } from "../app/appearance.tsx";
import { useMessages } from "../i18n/provider.tsx";

export type SeriesColor = "blue" | "green" | "red" | "violet" | "amber";

export interface Series {
  label: string;
  color: SeriesColor;
  values: (number | null)[];
  /** Filled down to zero. */
  area?: boolean;
}

interface ChartProps {
  /** What a screen reader says in place of the picture; the numbers are in a table beside it. */
  label: string;
  /** ms since 1970, ascending. */
  times: number[];
  series: Series[];
  format: (value: number) => string;
  /** A scale on which each step is ten times the last, for values that differ by orders of magnitude. */
  logarithmic?: boolean;
  height?: number;
}

// Distinguishable without red and green, too: blue, teal, vermilion.
const COLORS: Record<SeriesColor, [light: string, dark: string]> = {
  blue: ["#1554d1", "#7aa7ff"],
  green: ["#0f8a6a", "#4fd1ae"],
  red: ["#c8402a", "#ff8a75"],
  violet: ["#7a3fc4", "#c3a1ff"],
  amber: ["#a86400", "#f0b95a"],
};

/** Lines over time, drawn on a canvas; the legend below tells the numbers under the pointer. */
export function Chart({ label, times, series, format, logarithmic = false, height = 220 }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const t = useMessages();
  const { dark } = useAppearance();
  // The chart is made anew when what it shows changes its shape or look, and only fed when its numbers change.
  const shape = JSON.stringify([series.map(shapeOf), dark, height, label]);
  const latest = useRef({ times, series, format });
  latest.current = { times, series, format };
  const chart = useRef<uPlot | null>(null);

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const { series: shown, times: at } = latest.current;
    const number = (n: number) => latest.current.format(n);
    const options = optionsFor({
      element,
      series: shown,
      dark,
      height,
      logarithmic,
      timeLabel: t.records.at,
      format: number,
    });
    const made = new uPlot(options, dataOf(at, shown), element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => chart.current?.setData(dataOf(times, series)), [times, series]);

  return <div ref={holder} className="chart" role="img" aria-label={label} />;
}

function shapeOf(one: Series) {
  return [one.label, one.color, one.area, isSparse(one)];
}

function dataOf(times: number[], series: Series[]): uPlot.AlignedData {
  return [times.map((ms) => ms / 1000), ...series.map((one) => one.values)];
}

interface Look {
  element: HTMLElement;
  series: Series[];
  dark: boolean;
  height: number;
  logarithmic: boolean;
  timeLabel: string;
  format: (value: number) => string;
}

function optionsFor({ element, series, dark, height, logarithmic, timeLabel, format }: Look): uPlot.Options {
  const style = getComputedStyle(element);
  const text = style.color;
  const grid = dark ? "rgba(255, 255, 255, 0.08)" : "rgba(15, 23, 42, 0.08)";
  const axis = {
    stroke: text,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  const value = (_: uPlot, n: number | null) => (n === null ? "–" : format(n));
  return {
    width: element.clientWidth,
    height,
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { range: (_, min, max) => min === max ? [min - HOUR_S / 2, max + HOUR_S / 2] : [min, max] },
      y: logarithmic ? { distr: 3, range: logRange } : { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      { ...axis, values: timeTicks },
      {
        ...axis,
        size: logarithmic ? 84 : 60,
        values: (_, ticks) => ticks.map((n) => (showsTick(n, logarithmic) ? format(n) : "")),
      },
    ],
    series: [
      {
        label: timeLabel,
        value: (_, at: number | null) => (at === null ? "" : dayjs(at * 1000).format("YYYY-MM-DD HH:mm")),
      },
      ...series.map((one): uPlot.Series => {
        const stroke = COLORS[one.color][dark ? 1 : 0];
        return {
          label: one.label,
          stroke,
          width: 2,
          value,
          points: { show: isSparse(one) },
          spanGaps: logarithmic,
          ...(one.area && { fill: `${stroke}22` }),
        };
      }),
    ],
  };
}

const HOUR_S = 3600;
const DAY_S = 86_400;

/** Too few values for a line that can be seen. */
function isSparse({ values }: Series): boolean {
  return values.filter((value) => value !== null).length < 3;
}

/** Days as `11-22`, hours as `08:00`, local. */
function timeTicks(_: uPlot, ticks: number[], __: number, ___: number, step: number): string[] {
  return ticks.map((at) => {
    const time = dayjs(at * 1000);
    return step >= DAY_S || (time.hour() === 0 && time.minute() === 0) ? time.format("MM-DD") : time.format("HH:mm");
  });
}

/** Whole powers of ten around the values. */
function logRange(_: uPlot, min: number, max: number): [number, number] {
  return [10 ** Math.floor(Math.log10(Math.max(min, 1))), 10 ** Math.ceil(Math.log10(Math.max(max, 10)))];
}

function showsTick(n: number, logarithmic: boolean): boolean {
  return logarithmic ? Math.log10(n) % 1 === 0 : Number.isInteger(n) || n > 10;
}
