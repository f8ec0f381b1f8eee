// The part of a picture that is kept: a frame of 16:9 to drag, in step with the sliders that do the same.
(() => {
  const form = document.querySelector("[data-crop]");
  if (!form) return;
  const [stage, frame, before] = ["stage", "frame", "picture"].map((name) => form.querySelector(`[data-crop-${name}]`));
  const { x, y, zoom, picture } = form.elements;
  form.querySelectorAll("[data-plain-only]").forEach((part) => { part.hidden = true; });
  const canvas = document.createElement("canvas");
  canvas.className = "crop-picture";

  // The frame in pixels of the stage, and how far it can move.
  const measure = () => {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const across = Math.min(width, (height * 16) / 9) / (zoom.value / 100);
    const down = (across * 9) / 16;
    return { across, down, free: [width - across, height - down] };
  };
  const draw = () => {
    if (frame.hidden) return;
    const { across, down, free } = measure();
    Object.assign(frame.style, {
      width: `${across}px`, height: `${down}px`, left: `${(free[0] * x.value) / 100}px`, top: `${(free[1] * y.value) / 100}px`,
    });
  };

  // Drawn on a canvas: the pages' policy shows no pictures but our own.
  picture.addEventListener("change", async () => {
    const file = picture.files[0];
    const image = file && await createImageBitmap(file).catch(() => null);
    frame.hidden = !image;
    form.querySelectorAll("[data-script-only]").forEach((part) => { part.hidden = !image; });
    before.hidden = Boolean(image);
    if (!image) { canvas.remove(); return; }
    canvas.width = Math.min(image.width, 1200);
    canvas.height = Math.round((canvas.width * image.height) / image.width);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    stage.prepend(canvas);
    [x.value, y.value, zoom.value] = [50, 50, 100];
    draw();
  });

  frame.addEventListener("pointerdown", (event) => {
    const { free } = measure();
    const from = { at: [event.clientX, event.clientY], was: [Number(x.value), Number(y.value)] };
    const move = (now) => {
      const by = [now.clientX - from.at[0], now.clientY - from.at[1]];
      [x, y].forEach((slider, i) => { if (free[i] > 0) slider.value = from.was[i] + (by[i] / free[i]) * 100; });
      draw();
    };
    frame.setPointerCapture(event.pointerId);
    frame.addEventListener("pointermove", move);
    frame.addEventListener("lostpointercapture", () => frame.removeEventListener("pointermove", move), { once: true });
    event.preventDefault();
  });
  form.addEventListener("input", draw);
  addEventListener("resize", draw);
})();
