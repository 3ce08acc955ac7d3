package attack_test

var readings = []attempt{}
