// Draws every <canvas data-ic-chart="id of its json_script">, in the colours of the page's light or dark theme,
// and again when the theme changes. Chart.js is loaded by the admin's base page.
(() => {
  "use strict";

  const COLOURS = {
    primary: { light: "#0f766e", dark: "#2dd4bf" },
    accent: { light: "#7c3aed", dark: "#c4b5fd" },
    warning: { light: "#b45309", dark: "#fbbf24" },
    danger: { light: "#b91c1c", dark: "#f87171" },
    muted: { light: "#6b7280", dark: "#9ca3af" },
  };
  const drawn = new Map();

  const isDark = () => document.documentElement.classList.contains("dark");
  const colour = (name) => (COLOURS[name] || COLOURS.primary)[isDark() ? "dark" : "light"];
  const text = () => (isDark() ? "#d1d5db" : "#374151");
  const grid = () => (isDark() ? "rgba(255,255,255,.08)" : "rgba(0,0,0,.07)");

  const axisOf = (series) => ({ right: "right", percent: "percent" }[series.axis] || "y");

  // A share of the day, drawn as wide as the day and behind what is counted.
  const share = { barPercentage: 1, categoryPercentage: 1, inflateAmount: 0, grouped: false, order: 3 };

  const line = (series) => ({
    type: series.kind || "line",
    label: series.label,
    data: series.values,
    borderColor: colour(series.colour),
    backgroundColor: colour(series.colour) + (series.axis === "percent" ? "59" : series.kind === "bar" ? "99" : "22"),
    borderWidth: series.kind === "bar" ? 0 : series.width || 2,
    borderDash: series.dashed ? [6, 4] : [],
    stepped: series.stepped || false,
    fill: series.fill || false,
    pointRadius: 0,
    pointHitRadius: 12,
    spanGaps: false,
    tension: series.stepped ? 0 : 0.2,
    yAxisID: axisOf(series),
    order: series.kind === "bar" ? 2 : 1,
    ...(series.axis === "percent" ? share : {}),
  });

  // Two lines without a stroke, the upper one filled down to the one before it. Behind everything else.
  const band = (series) => {
    const edge = { type: "line", label: series.label, borderWidth: 0, pointRadius: 0, pointHitRadius: 0, order: 4 };
    const axis = { tension: 0.2, spanGaps: false, yAxisID: axisOf(series) };
    const area = colour(series.colour) + (series.strong ? "59" : "2b");
    return [
      { ...edge, ...axis, data: series.lower, fill: false, icHidden: true },
      { ...edge, ...axis, data: series.values, fill: "-1", backgroundColor: area, icLower: series.lower },
    ];
  };

  const mark = (series) => ({
    type: "bar",
    label: series.label,
    data: series.values,
    backgroundColor: colour(series.colour) + "40",
    borderWidth: 0,
    yAxisID: "percent",
    ...share,
    icTexts: series.texts,
  });

  const datasets = (series) => ({ band, mark }[series.kind] || line)(series);

  const number = (value) => value.toLocaleString(undefined, { maximumFractionDigits: 1 });

  const told = ({ dataset, dataIndex, parsed }) => {
    if (dataset.icTexts) return `${dataset.label}: ${dataset.icTexts[dataIndex]}`;
    if (dataset.icLower) return `${dataset.label}: ${number(dataset.icLower[dataIndex])} – ${number(parsed.y)}`;
    return `${dataset.label}: ${number(parsed.y)}`;
  };

  const axis = (title, extra) => ({
    title: { display: Boolean(title), text: title, color: text() },
    ticks: { color: text(), maxRotation: 0, autoSkipPadding: 14 },
    grid: { color: grid() },
    ...extra,
  });

  const options = (data) => {
    const scales = { x: axis(data.x_title), y: axis(data.y_title, { beginAtZero: true }) };
    if (data.series.some((series) => series.axis === "right")) {
      scales.right = axis(data.y_right_title, { beginAtZero: true, position: "right", grid: { display: false } });
    }
    if (data.series.some((series) => series.axis === "percent")) {
      scales.percent = { display: false, min: 0, max: 100 }; // marks from the top to the bottom of the chart
    }
    return {
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      interaction: { mode: "index", intersect: false },
      plugins: {
        legend: {
          display: data.series.length > 1,
          position: "bottom",
          labels: { color: text(), boxWidth: 14, filter: (item, all) => !all.datasets[item.datasetIndex].icHidden },
        },
        tooltip: { enabled: true, filter: (item) => !item.dataset.icHidden, callbacks: { label: told } },
      },
      scales,
    };
  };

  const draw = (canvas, data) => {
    if (drawn.has(canvas)) drawn.get(canvas).destroy();
    drawn.set(canvas, new Chart(canvas, {
      type: "line",
      data: { labels: data.labels, datasets: data.series.flatMap(datasets) },
      options: options(data),
    }));
  };

  // Puts the other answer's days behind (or onto) the chart's own, by label.
  const withOverlay = (data, overlay) => {
    const labels = [...data.labels, ...overlay.labels.filter((label) => !data.labels.includes(label))];
    const at = (from, values) => labels.map((label) => {
      const i = from.indexOf(label);
      return i < 0 || values[i] === undefined ? null : values[i];
    });
    const moved = (from, series) => Object.fromEntries(
      Object.entries(series).map(([name, value]) => [name, Array.isArray(value) ? at(from, value) : value]),
    );
    return {
      ...data,
      labels,
      series: [
        ...data.series.map((series) => moved(data.labels, series)),
        ...overlay.series.map((series) => ({
          ...moved(overlay.labels, series),
          axis: series.axis === "percent" ? "percent" : data.y_right_title ? "right" : "left", // that of units per day
        })),
      ],
    };
  };

  const start = () => {
    const charts = new Map();
    const drawAll = () => charts.forEach((data, canvas) => draw(canvas, data));
    document.querySelectorAll("canvas[data-ic-chart]").forEach((canvas) => {
      const data = JSON.parse(document.getElementById(canvas.dataset.icChart).textContent);
      charts.set(canvas, data);
      if (!canvas.dataset.icOverlay) return;
      fetch(canvas.dataset.icOverlay, { headers: { Accept: "application/json" } })
        .then((answer) => (answer.ok ? answer.json() : null))
        .then((overlay) => {
          if (!overlay || !overlay.labels.length) return;
          charts.set(canvas, withOverlay(data, overlay));
          draw(canvas, charts.get(canvas));
        });
    });
    if (!charts.size) return;
    drawAll();
    new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  };

  window.addEventListener("load", start);
})();
