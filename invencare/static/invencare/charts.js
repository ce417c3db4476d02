// Draws every <canvas data-ic-chart="id of its json_script">, in the colours of the page's light or dark theme,
// and again when the theme changes or the page is printed. The arrow keys walk through the days of a chart that has the
// focus; its buttons save it as a picture or its table as CSV. Chart.js is loaded by the admin's base page.
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

  let isPrinting = false; // paper is light
  const isDark = () => !isPrinting && document.documentElement.classList.contains("dark");
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

  const told = ({ dataset, dataIndex }) => {
    if (dataset.icTexts) return `${dataset.label}: ${dataset.icTexts[dataIndex]}`;
    const value = number(dataset.data[dataIndex]);
    return dataset.icLower
      ? `${dataset.label}: ${number(dataset.icLower[dataIndex])} – ${value}`
      : `${dataset.label}: ${value}`;
  };

  const axis = (title, extra) => ({
    title: { display: Boolean(title), text: title, color: text() },
    ticks: { color: text(), maxRotation: 0, autoSkipPadding: 14 },
    grid: { color: grid() },
    ...extra,
  });

  const options = (data) => {
    const [label, amount] = [axis(data.x_title), axis(data.y_title, { beginAtZero: true })];
    if (data.lies) label.ticks.autoSkip = false; // one row a label
    const scales = data.lies ? { x: amount, y: label } : { x: label, y: amount };
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
      indexAxis: data.lies ? "y" : "x",
      interaction: { mode: "index", intersect: false, axis: data.lies ? "y" : "x" },
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

  // What is known at one place: the drawn points of every series that has a value there.
  const pointsAt = (chart, index) => chart.data.datasets
    .map((dataset, datasetIndex) => ({ dataset, datasetIndex, index }))
    .filter(({ dataset }) => !dataset.icHidden && dataset.data[index] !== null && dataset.data[index] !== undefined);

  const pointTo = (canvas, index) => {
    const chart = drawn.get(canvas);
    const points = pointsAt(chart, index);
    const places = points.map(({ datasetIndex }) => ({ datasetIndex, index }));
    const element = places.length ? chart.getDatasetMeta(places[0].datasetIndex).data[index] : null;
    chart.setActiveElements(places);
    chart.tooltip.setActiveElements(places, element ? { x: element.x, y: element.y } : { x: 0, y: 0 });
    chart.update("none");
    const words = points.map(({ dataset }) => told({ dataset, dataIndex: index })).join(", ");
    canvas.closest("figure").querySelector("[data-ic-said]").textContent = index < 0 ? "" : `${chart.data.labels[index]}: ${words || "nothing known"}`;
  };

  const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, PageUp: -7, PageDown: 7, Home: -Infinity, End: Infinity };

  const walk = (canvas) => {
    let place = -1;
    canvas.addEventListener("keydown", (event) => {
      const last = drawn.get(canvas).data.labels.length - 1;
      if (event.key === "Escape") {
        place = -1;
      } else if (event.key in STEPS) {
        const from = place < 0 && STEPS[event.key] < 0 ? last + 1 : place; // backwards begins at the end
        place = Math.min(Math.max(from + STEPS[event.key], 0), last);
        event.preventDefault();
      } else {
        return;
      }
      pointTo(canvas, place);
    });
    canvas.addEventListener("blur", () => {
      place = -1;
      pointTo(canvas, place);
    });
  };

  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const savePicture = (canvas) => {
    const picture = document.createElement("canvas");
    [picture.width, picture.height] = [canvas.width, canvas.height];
    const pen = picture.getContext("2d");
    pen.fillStyle = isDark() ? "#111827" : "#ffffff";
    pen.fillRect(0, 0, picture.width, picture.height);
    pen.drawImage(canvas, 0, 0);
    picture.toBlob((blob) => save(blob, `${canvas.id}.png`), "image/png");
  };

  // A cell that a spreadsheet would take for a formula is marked as text; numbers lose their grouping.
  const cell = (text) => {
    const plain = /^-?[\d,]+(\.\d+)?$/.test(text) ? text.replaceAll(",", "") : text.replace(/^([=+\-@\t])/, "'$1");
    return /[",\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };

  const saveTable = (canvas) => {
    const rows = [...canvas.closest("figure").querySelectorAll("table tr")];
    const lines = rows.map((row) => [...row.cells].map((one) => cell(one.textContent.trim())).join(","));
    save(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" }), `${canvas.id}.csv`);
  };

  const equip = (canvas) => {
    walk(canvas);
    const figure = canvas.closest("figure");
    figure.querySelector("[data-ic-png]").addEventListener("click", () => savePicture(canvas));
    figure.querySelector("[data-ic-csv]").addEventListener("click", () => saveTable(canvas));
  };

  const start = () => {
    const charts = new Map();
    const drawAll = () => charts.forEach((data, canvas) => draw(canvas, data));
    document.querySelectorAll("canvas[data-ic-chart]").forEach((canvas) => {
      const data = JSON.parse(document.getElementById(canvas.dataset.icChart).textContent);
      charts.set(canvas, data);
      equip(canvas);
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
    const onPaper = (is) => {
      isPrinting = is;
      drawAll();
    };
    window.addEventListener("beforeprint", () => onPaper(true));
    window.addEventListener("afterprint", () => onPaper(false));
    new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  };

  window.addEventListener("load", start);
})();
