package attack_test

import "slices"

var confusions = slices.Concat(confusedObjects, confusedTypes, confusedTexts, confusedPaths, confusedFrames, confusedPhotos, confusedProxies)
