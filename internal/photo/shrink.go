package photo

import (
	"image"

	"golang.org/x/image/draw"
)

// shrink draws img on white, at most MaxSide on a side and never larger than it
// is.
func shrink(img image.Image) *image.RGBA {
	size := fit(img.Bounds().Size())
	img = halve(img, size)
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	if img.Bounds().Size() == size {
		draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Over)
		return out
	}
	draw.CatmullRom.Scale(out, out.Rect, img, img.Bounds(), draw.Over, nil)
	return out
}

// halve brings img down to at most twice the size by halves. Each half is the
// mean of four pixels and costs little; the fine kernel that follows would need
// hundreds of megabytes for a large picture.
func halve(img image.Image, size image.Point) image.Image {
	for {
		now := img.Bounds().Size()
		if now.X <= 2*size.X && now.Y <= 2*size.Y {
			return img
		}
		half := image.NewRGBA(image.Rect(0, 0, max(size.X, (now.X+1)/2), max(size.Y, (now.Y+1)/2)))
		draw.ApproxBiLinear.Scale(half, half.Rect, img, img.Bounds(), draw.Src, nil)
		img = half
	}
}

// fit keeps the ratio of the sides, save that a very thin picture keeps one
// pixel.
func fit(size image.Point) image.Point {
	side := max(size.X, size.Y)
	if side <= MaxSide {
		return size
	}
	scale := func(n int) int { return max(1, (n*MaxSide+side/2)/side) }
	return image.Pt(scale(size.X), scale(size.Y))
}
