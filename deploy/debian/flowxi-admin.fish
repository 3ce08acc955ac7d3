# Completion of flowxi-admin in fish: that of flowxi.
complete -c flowxi-admin -w flowxi
