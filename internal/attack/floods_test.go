package attack_test

import "slices"

var floods = slices.Concat(floodsOfRequests, floodsOfRows, floodsOfConnections, floodsOfTraces)
