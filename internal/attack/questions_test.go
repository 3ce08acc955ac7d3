package attack_test

var questions = []attempt{}
