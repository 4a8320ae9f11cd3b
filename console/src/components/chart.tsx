import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useAppearance } from "../app/appearance.tsx";

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
export function Chart({ label, times, series, format, height = 220 }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const { dark } = useAppearance();
  // The chart is made anew when what it shows changes its shape or look, and only fed when its numbers change.
  const shape = JSON.stringify([series.map((one) => [one.label, one.color, one.area]), dark, height, label]);
  const latest = useRef({ times, series, format });
  latest.current = { times, series, format };
  const chart = useRef<uPlot | null>(null);

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const { series: shown, times: at } = latest.current;
    const options = optionsFor({ element, series: shown, dark, height, format: (n) => latest.current.format(n) });
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

function dataOf(times: number[], series: Series[]): uPlot.AlignedData {
  return [times.map((ms) => ms / 1000), ...series.map((one) => one.values)];
}

interface Look {
  element: HTMLElement;
  series: Series[];
  dark: boolean;
  height: number;
  format: (value: number) => string;
}

function optionsFor({ element, series, dark, height, format }: Look): uPlot.Options {
  const style = getComputedStyle(element);
  const text = style.color;
  const grid = dark ? "rgba(255, 255, 255, 0.08)" : "rgba(15, 23, 42, 0.08)";
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}` };
  const value = (_: uPlot, n: number | null) => (n === null ? "–" : format(n));
  return {
    width: element.clientWidth,
    height,
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [axis, { ...axis, size: 56, values: (_, ticks) => ticks.map((n) => (Number.isInteger(n) || n > 10 ? format(n) : "")) }],
    series: [
      { value: "{YYYY}-{MM}-{DD} {HH}:{mm}", label: "" },
      ...series.map((one): uPlot.Series => {
        const stroke = COLORS[one.color][dark ? 1 : 0];
        return {
          label: one.label,
          stroke,
          width: 2,
          value,
          points: { show: one.values.length < 3 },
          ...(one.area && { fill: `${stroke}22` }),
        };
      }),
    ],
  };
}
