package attack_test

var confusions = []attempt{}
