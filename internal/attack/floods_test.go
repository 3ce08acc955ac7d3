package attack_test

var floods = []attempt{}
