#compdef flowxi-admin
# Completion of flowxi-admin in zsh: that of flowxi.
_flowxi "$@"
