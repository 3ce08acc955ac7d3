package attack_test

import "slices"

var floods = slices.Concat(floodsOfGates, floodsOfRequests, floodsOfRows, floodsOfConnections, floodsOfTraces)
