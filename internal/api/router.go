package api

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"flowxi.app/flowxi/internal/account"
)

// resource is what may be done to one path.
type resource map[string]Route // by method

// resources sorts routes by their full path. Since none of them has a variable in
// its path, and since http.ServeMux redirects what it would rather have been
// asked, a map is all the routing that there is.
func resources(routes []Route) map[string]resource {
	all := make(map[string]resource)
	for _, r := range routes {
		full := Prefix + r.Path
		if all[full] == nil {
			all[full] = make(resource)
		}
		all[full][r.Method] = r
	}
	return all
}

// route finds the route of a method. GET implies HEAD (contract section 10).
func (r resource) route(method string) (Route, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	route, ok := r[method]
	return route, ok
}

// allow lists the methods for the header of that name.
func (r resource) allow() string {
	methods := slices.Collect(maps.Keys(r))
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// dispatch finds who answers. A path that would have to be cleaned first, or that
// hides its slashes, names nothing: it is neither served nor redirected.
func (x *exchange) dispatch() {
	given := x.request.URL.Path
	clean := cleaned(given)
	switch {
	case isAPI(clean):
		x.dispatchAPI()
	case x.Pages == nil, clean != given && clean+"/" != given:
		x.refuse(account.ErrNotFound)
	default:
		x.pattern = pagesRoute
		x.setQuota()
		x.Pages.ServeHTTP(x.writer, x.request)
	}
}

func cleaned(given string) string {
	if !path.IsAbs(given) {
		given = "/" + given
	}
	return path.Clean(given)
}

// isAPI looks at the first segment in any case, so that a slip of a client is
// answered in JSON too.
func isAPI(clean string) bool {
	first, _, _ := strings.Cut(clean[1:], "/")
	return strings.EqualFold(first, "api")
}

func (x *exchange) dispatchAPI() {
	resource, known := x.resources[x.request.URL.Path]
	if !known || x.request.URL.RawPath != "" {
		x.recognize()
		x.refuse(account.ErrNotFound)
		return
	}
	route, ok := resource.route(x.request.Method)
	x.pattern = x.request.URL.Path
	if !ok {
		x.writer.Header().Set("Allow", resource.allow())
		x.recognize()
		x.refuse(account.ErrMethodNotAllowed)
		return
	}
	x.serve(route)
}

// serve runs a route within its time.
func (x *exchange) serve(r Route) {
	ctx := x.within(r.timeout)
	defer ctx.end()
	x.request = x.request.WithContext(ctx)
	if r.Access == Bearer {
		if err := x.authenticate(); err != nil {
			x.refuse(err)
			return
		}
	}
	a, err := r.verb(x)
	if err != nil {
		x.refuse(err)
		return
	}
	x.succeed(a, r.Successes[0].Outcome)
}
