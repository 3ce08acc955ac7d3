package attack_test

var lockouts = []attempt{}
