/// Passphrases that are used most, without the digits and signs that people put around them: words
/// of the lists that are published after every large leak, and rows of keys.
enum CommonPassphrases {
  static let words: [Substring] = text.split { $0 == " " || $0 == "\n" }

  private static let text = """
    1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc abc abcd abcde abcdef abcdefg abcdefgh abcdefghij
    abcdefghijk abcpassword access accessgranted admin adminadmin adminadminadmin administrator
    adminpassword alexander alexandra alice alicepassword amanda america american andrew angel
    angels anthony anything apple arsenal asdf asdfasdf asdfgh asdfghjkl asdfghjklm asdfqwer
    ashley asshole australia autumn azerty azertyuiop babyboy babydoll babygirl backup backups
    banana bananas barcelona baseball basketball batman bayern beatles bitch blessed blessing
    blink blinkonetwo bob bobpassword boston brasil bullshit bunny business buster butterfly
    california callofduty canada captainamerica celtic changeit changeme changemenow charlie
    cheese chelsea chelseafc cherry chicago chicken chocolate christian christina christopher
    cisco cocacola coffee college company computer computers cookie cookies
    correct-horse-battery-staple correcthorse correcthorsebatterystaple corvette counterstrike
    cowboy cowboys cricket crystal daniel darthvader database december default defaultpassword
    demo demodemo diamond diamonds doctor dollar dollars dolphin donkey dragon dragonball
    dragonfly eagles elephant elizabeth emerald eminem engineer england example facebook faith
    faithful fcbarcelona february ferrari florida football footballer forever foreverlove
    fortnite france freedom friday fuckme fuckoff fuckyou fuckyouall germany ginger godisgood
    golden golf goodbye goodmorning goodnight google googlegoogle greenday guest hacker hackers
    halflife hallelujah harley harleydavidson harrypotter heaven hello hellohello hellokitty
    helloworld hockey hogwarts homewifi horse horsebatterystaple hunter iamgod iamtheboss
    ilovegod ilovejesus iloveme iloveu iloveyou iloveyouforever iloveyousomuch imthebest india
    indonesia instagram internet internetpassword ironmaiden ironman jackson january jediknight
    jennifer jessica jesus jesuschrist jesusislord jesuslovesme johnson jordan juventus kdc
    kerberos kerberospassword killer kitten kitty lakers lamborghini lawyer leopard letmein
    letmeinnow letmeinplease liberty linkedin linkinpark linux lion liverpool liverpoolfc
    lkjhgfdsa login loginlogin london loremipsum love lovelove lovely loveme loveyou maggie
    manager manchester manchesterunited manutd marine master mastermind masterpassword matrix
    matthew maytheforcebewithyou mercedes metallica mexico michael michelle microsoft military
    minecraft mnbvcxz monday money monkey monkeys moonlight motherfucker mustang mylove mymoney
    mypassword mywifi naruto network newpassword newyork nicole ninja nintendo nirvana nobody
    nokia nothing november noway number numberone nurse october office oldpassword opensesame
    openthedoor operator oracle orange ourpassword p4ssword p@ssword pa55word pakistan panther
    passphrase passw0rd passwd password password1password passworda passwordabc passwordadmin
    passwordpassword passwordqwerty passwort peanut pepper pepsi philippines phoenix pikachu
    pirate platinum playstation poiuytrewq pokemon porsche prince princesa princess pumpkin
    puppy pussy q1w2e3 q1w2e3r4 q1w2e3r4t q1w2e3r4t5y6 qazwsx qazwsxedc qazwsxedcrfv queen
    quickbrownfox qweasd qweasdzxc qwer qwerasdf qwerasdfzxcv qwerty qwertypassword qwertyuiop
    qwertyuiopasdf qwertyuiopasdfghjklzxcvbnm qwertz qwertzuiop rainbow ranger rangers
    realmadrid redsox robert root rootpassword rootroot router rugby samantha sample
    samplepassword samsung saturday school secret secretpassword server sexsexsex sexy shadow
    silver skywalker slipknot soccer softball soldier someone something spiderman spring
    starcraft starlight startrek starwar starwars steelers stephanie strawberry student summer
    summertime sunday sunflower sunshine superadmin superhero superman superstar superuser
    sweetheart sweety sysadmin teacher temp tempo temporary temppassword tennis test testing
    testpassword testtest testtesttest testuser texas thebeatles thebest thepassword
    thequickbrownfox thomas tiger tigger tobeornottobe toor trent trentpassword truelove trustno
    twitter ubuntu university user userpassword vanessa veronica victoria volleyball warcraft
    warrior welcome welcomeback welcomehome whatever whiskey wifi wifipassword william windows
    winter wireless wonderwoman worldofwarcraft xbox yamaha yankees yourpassword youtube yxcvbnm
    zaq12wsx zaq1zaq1 zaqwsx zaqxsw zxcvbnm
    """
}
