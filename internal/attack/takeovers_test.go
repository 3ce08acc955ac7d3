package attack_test

var takeovers = []attempt{}
