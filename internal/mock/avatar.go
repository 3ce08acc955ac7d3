package mock

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// avatar is a photo for a profile: somebody before a blue wall.
func avatar() ([]byte, error) {
	const side = 320
	wall, skin, coat := color.RGBA{0x3b, 0x6e, 0xa5, 0xff}, color.RGBA{0xf2, 0xc9, 0xa0, 0xff}, color.RGBA{0x2b, 0x2d, 0x42, 0xff}
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	within := func(x, y, cx, cy, r int) bool { return (x-cx)*(x-cx)+(y-cy)*(y-cy) < r*r }
	for y := range side {
		for x := range side {
			c := wall
			if within(x, y, side/2, side+40, 150) {
				c = coat
			}
			if within(x, y, side/2, 130, 72) {
				c = skin
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
