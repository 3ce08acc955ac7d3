// Choosing the part of a picture that becomes the photo. The picture is drawn, and leaves
// this machine only as what is drawn of it.
import { $ } from "./page.js";

const side = 640; // of the photo, in pixels

let bitmap = null;
const canvas = $("crop-canvas", HTMLCanvasElement);
const [zoom, across, down] = ["crop-zoom", "crop-across", "crop-down"].map((id) => $(id, HTMLInputElement));
const place = new Map(); // where across and down are, of which they themselves tell whole numbers alone

zoom.addEventListener("input", draw);
for (const slider of [across, down]) {
  slider.addEventListener("input", () => {
    put(slider, Number(slider.value));
    draw();
  });
}
canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
canvas.addEventListener("pointermove", drag);
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom.value = Number(zoom.value) - Math.sign(event.deltaY) * 0.1;
  draw();
}, { passive: false });

// open begins with a picture that was read, and gives back its memory in the end.
export function open(picture) {
  forget();
  bitmap = picture;
  zoom.value = 1;
  for (const slider of [across, down]) put(slider, 50);
  draw();
}

// forget gives back the memory of the picture.
export function forget() {
  bitmap?.close();
  bitmap = null;
  canvas.width = canvas.height = side; // and of the drawing
}

export const picture = () => new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));

// cut is the part that is shown: a square, and how far it could move.
function cut() {
  const size = Math.min(bitmap.width, bitmap.height) / Number(zoom.value);
  return { size, roomX: bitmap.width - size, roomY: bitmap.height - size };
}

// put moves the picture. What a finger moves by is less than a slider tells.
function put(slider, to) {
  const at = Math.min(100, Math.max(0, to));
  place.set(slider, at);
  slider.value = at;
}

function draw() {
  if (!bitmap) return;
  const { size, roomX, roomY } = cut();
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // behind what is transparent
  pen.fillRect(0, 0, side, side);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, roomX * place.get(across) / 100, roomY * place.get(down) / 100, size, size, 0, 0, side, side);
}

function drag(event) {
  if (!bitmap || !canvas.hasPointerCapture(event.pointerId)) return;
  const { size, roomX, roomY } = cut();
  const scale = size / canvas.clientWidth;
  if (roomX > 0) put(across, place.get(across) - event.movementX * scale / roomX * 100);
  if (roomY > 0) put(down, place.get(down) - event.movementY * scale / roomY * 100);
  draw();
}
