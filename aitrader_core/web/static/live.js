"use strict";
// Jobs that are not over: every two seconds their state is asked for, while somebody looks.
(() => {
  const EVERY = 2000;
  const SPOKEN = 10000; // a screen reader is told no more often
  const FINAL = ["completed", "partial", "failed", "canceled"];
  const spokenAt = new WeakMap();

  const counted = (number) => number.toLocaleString("en-US");

  const lasting = (seconds) => {
    if (seconds < 90) return `about ${Math.round(seconds)} s`;
    return seconds < 5400 ? `about ${Math.round(seconds / 60)} min` : `about ${(seconds / 3600).toFixed(1)} h`;
  };

  const told = (job) => {
    const parts = [`${counted(job.done)} of ${counted(job.model_days)} model-day${job.model_days === 1 ? "" : "s"}`];
    for (const state of ["failed", "skipped", "canceled"]) {
      if (job.counts[state]) parts.push(`${counted(job.counts[state])} ${state}`);
    }
    if (job.eta_seconds !== null) parts.push(`${lasting(job.eta_seconds)} left`);
    return parts.join(", ");
  };

  const write = (place, text) => {
    if (place && place.textContent !== text) place.textContent = text;
  };

  const fill = (bar, done, total) => {
    if (!bar) return;
    bar.max = total;
    bar.value = done;
  };

  const speak = (place, text) => {
    if (!place || Date.now() - (spokenAt.get(place) || 0) < SPOKEN) return;
    spokenAt.set(place, Date.now());
    write(place, text);
  };

  const show = (place, job) => {
    const text = told(job);
    write(place.querySelector("[data-state]"), job.status + (job.cancel_requested ? ", stopping" : ""));
    write(place.querySelector("[data-told]"), text);
    fill(place.querySelector("[data-bar]"), job.done, job.model_days);
    speak(place.querySelector("[data-spoken]"), `${job.status}: ${text}`);
    for (const model of job.by_model) {
      const row = place.querySelector(`[data-model="${CSS.escape(model.model)}"]`);
      if (!row) continue;
      const left = model.counts.pending + model.counts.running;
      fill(row.querySelector("[data-bar]"), model.model_days - left, model.model_days);
      for (const cell of row.querySelectorAll("[data-count]")) {
        write(cell, counted(model.counts[cell.dataset.count]));
      }
    }
  };

  const end = (place, job) => {
    const spoken = place.querySelector("[data-spoken]");
    if (spoken) spokenAt.delete(spoken);
    show(place, { ...job, cancel_requested: false });
    place.removeAttribute("data-live");
    if ("whole" in place.dataset) location.reload(); // reasons and runs are drawn by the server
  };

  const ask = async (place) => {
    const answer = await fetch(place.dataset.live, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const job = await answer.json();
    (FINAL.includes(job.status) ? end : show)(place, job);
  };

  let waiting = null;
  const look = async () => {
    waiting = null;
    const places = [...document.querySelectorAll("[data-live]")];
    await Promise.allSettled(places.map(ask));
    if (document.querySelector("[data-live]") && !document.hidden && waiting === null) {
      waiting = setTimeout(look, EVERY);
    }
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(waiting);
      waiting = null;
    } else if (waiting === null) {
      look();
    }
  });
  waiting = setTimeout(look, EVERY);
})();
