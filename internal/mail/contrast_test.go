package mail_test

import (
	"math"
	"testing"
)

// ink is a piece of text, its colour and that behind it.
type ink struct {
	Text     string
	On, Over color
}

// color is red, green and blue, from 0 to 255.
type color [3]float64

// inks is an expression for all text that is to be seen.
const inks = `(() => {
	const parts = text => text.match(/[\d.]+/g).map(Number)
	const behind = e => {
		for (; e; e = e.parentElement) {
			const [r, g, b, a = 1] = parts(getComputedStyle(e).backgroundColor)
			if (a === 1) return [r, g, b]
			if (a > 0) throw new Error('half a colour behind ' + e.outerHTML)
		}
		return [255, 255, 255]
	}
	const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
	for (let n; n = walk.nextNode();) {
		const e = n.parentElement
		if (!n.data.trim() || !e.checkVisibility()) continue
		found.push({text: n.data.trim(), on: parts(getComputedStyle(e).color).slice(0, 3), over: behind(e)})
	}
	return found
})()`

// legible demands the contrast of WCAG 2.2, 1.4.3, for texts of any size.
func legible(t *testing.T, where string, list []ink) {
	t.Helper()
	if len(list) < 8 {
		t.Fatalf("%s: only %d pieces of text are to be seen: %v", where, len(list), list)
	}
	for _, i := range list {
		if c := contrast(i.On, i.Over); c < 4.5 {
			t.Errorf("%s: the contrast of %q is %.2f, %v on %v", where, i.Text, c, i.On, i.Over)
		}
	}
}

func contrast(a, b color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c color) float64 {
	linear := func(v float64) float64 {
		v /= 255
		if v > 0.04045 {
			return math.Pow((v+0.055)/1.055, 2.4)
		}
		return v / 12.92
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// darkenings are what clients do to colours that they force to be dark.
var darkenings = map[string]func(color) color{
	"inverts all": func(c color) color { return color{255 - c[0], 255 - c[1], 255 - c[2]} },
	"turns lightness around": func(c color) color {
		lightest, darkest := max(c[0], c[1], c[2]), min(c[0], c[1], c[2])
		shift := 255 - lightest - darkest // keeps hue and, in HSL, saturation
		return color{c[0] + shift, c[1] + shift, c[2] + shift}
	},
}

func darkened(list []ink, by func(color) color) []ink {
	all := make([]ink, len(list))
	for n, i := range list {
		all[n] = ink{i.Text, by(i.On), by(i.Over)}
	}
	return all
}
