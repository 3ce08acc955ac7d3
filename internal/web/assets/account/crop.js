// Choosing the part of a picture that becomes the photo. The picture is drawn, and leaves
// this machine only as what is drawn of it.
import { $ } from "./page.js";

const side = 640; // of the photo, in pixels

let bitmap = null;
const canvas = $("crop-canvas", HTMLCanvasElement);
const [zoom, across, down] = ["crop-zoom", "crop-across", "crop-down"].map((id) => $(id, HTMLInputElement));

for (const slider of [zoom, across, down]) slider.addEventListener("input", draw);
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
  across.value = down.value = 50;
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

function draw() {
  if (!bitmap) return;
  const { size, roomX, roomY } = cut();
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // behind what is transparent
  pen.fillRect(0, 0, side, side);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, roomX * across.value / 100, roomY * down.value / 100, size, size, 0, 0, side, side);
}

function drag(event) {
  if (!bitmap || !canvas.hasPointerCapture(event.pointerId)) return;
  const { size, roomX, roomY } = cut();
  const scale = size / canvas.clientWidth;
  if (roomX > 0) across.value = Number(across.value) - event.movementX * scale / roomX * 100;
  if (roomY > 0) down.value = Number(down.value) - event.movementY * scale / roomY * 100;
  draw();
}
